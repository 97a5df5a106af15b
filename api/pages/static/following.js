// Follows the page's run: on news the parts that show it are fetched again, but never under somebody's hands.
"use strict";
(() => {
  const { run, since } = document.body.dataset;
  if (!run) return;
  const news = document.getElementById("news");
  let due = 0;

  const touched = new Set();
  document.addEventListener("input", (event) => touched.add(event.target.form));
  const isBusy = () => [...touched].some((form) => form && form.isConnected && form.closest("#waiting, #done"))
    || document.activeElement.closest("#waiting form, #done form") !== null;

  function refresh() {
    htmx.trigger(document.body, "moved");
    if (!isBusy()) htmx.trigger(document.body, "moved-and-idle");
    else if (news) news.hidden = false;
  }
  function soon() {
    clearTimeout(due);
    due = setTimeout(refresh, 400);
  }
  function follow() {
    const stream = new EventSource(`/v1/runs/${run}/events/stream`);
    const told = (event) => { if (event.lastEventId > since) soon(); };
    for (const kind of ["state", "stage", "progress", "experiment", "result"]) stream.addEventListener(kind, told);
    stream.addEventListener("end", () => { stream.close(); soon(); });
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) setInterval(refresh, 10000); // refused: look from time to time
    });
    window.addEventListener("pagehide", () => stream.close());
  }

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    // Whoever was signed out meanwhile gets the sign-in: that must not take the place of what is shown.
    if (new URL(event.detail.xhr.responseURL).pathname === "/sign-in") event.detail.shouldSwap = false;
  });
  if (!("over" in document.body.dataset)) follow();
  // A run that is over is ranked again without telling: look a few times after something was asked of it.
  else if (/[?&](entered|ranking)=/.test(location.search)) [1500, 4000, 9000, 20000].forEach((wait) => setTimeout(refresh, wait));
})();
