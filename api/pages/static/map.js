// The hypothesis map: coloured by cluster or score, walked with the arrow keys, told and selected dot by dot.
"use strict";
(() => {
  const dots = () => [...document.querySelectorAll("#picture-map .plot a")];
  const at = (link) => { const dot = link.querySelector("circle"); return [dot.cx.baseVal.value, dot.cy.baseVal.value]; };
  const told = (link) => link.querySelector("title").textContent;
  let chosen = [], colours = "", focused = "", said = "";

  function say(text) {
    const place = document.getElementById("chosen");
    if (place) place.textContent = text;
  }
  function reachable() {
    const all = dots();
    // The best one is drawn last: from there one walks.
    if (all.length && !all.some((link) => link.getAttribute("tabindex") === "0")) all[all.length - 1].setAttribute("tabindex", "0");
    for (const link of all) link.classList.toggle("chosen", chosen.includes(link.getAttribute("href")));
  }
  function walk(from, key) {
    const [x, y] = at(from);
    const across = key === "ArrowLeft" || key === "ArrowRight", sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    let best = null, least = Infinity;
    for (const link of dots()) {
      const [u, v] = at(link);
      const ahead = sign * (across ? u - x : v - y), aside = Math.abs(across ? v - y : u - x);
      if (ahead > 0.01 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = link; }
    }
    if (!best) return;
    from.setAttribute("tabindex", "-1");
    best.setAttribute("tabindex", "0");
    best.focus();
  }
  function choose(link) {
    const href = link.getAttribute("href");
    chosen = chosen.includes(href) ? chosen.filter((one) => one !== href) : [...chosen, href];
    reachable();
    const names = dots().filter((one) => chosen.includes(one.getAttribute("href"))).map(told);
    say(names.length ? `Selected: ${names.join(" | ")}` : "Nothing is selected.");
  }
  function colour() {
    const figure = document.getElementById("picture-map");
    if (!figure || !colours) return;
    figure.dataset.colour = colours;
    for (const one of figure.querySelectorAll("[data-colours]")) one.setAttribute("aria-pressed", String(one.dataset.colours === colours));
  }
  function refocus() {
    const link = focused && dots().find((one) => one.getAttribute("href") === focused);
    if (!link) return;
    link.setAttribute("tabindex", "0");
    link.focus({ preventScroll: true });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-colours]");
    if (button) { colours = button.dataset.colours; colour(); }
    const link = event.target.closest("#picture-map .plot a");
    if (link && (event.ctrlKey || event.shiftKey || event.metaKey)) { event.preventDefault(); choose(link); }
  });
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest && event.target.closest("#picture-map .plot a");
    if (!link) return;
    if (event.key.startsWith("Arrow")) { event.preventDefault(); walk(link, event.key); }
    if (event.key === " ") { event.preventDefault(); choose(link); }
  });
  for (const kind of ["focusin", "pointerover"]) document.addEventListener(kind, (event) => {
    const link = event.target.closest && event.target.closest("#picture-map .plot a");
    if (link) say(told(link));
  });
  // What is new takes the picture's place: whoever was in it stays where they were.
  document.body.addEventListener("htmx:beforeSwap", () => {
    const link = document.activeElement.closest("#picture-map .plot a");
    focused = link ? link.getAttribute("href") : "";
    said = document.getElementById("chosen")?.textContent || "";
  });
  document.body.addEventListener("htmx:afterSettle", () => { colour(); refocus(); reachable(); if (said) say(said); });
  reachable();
})();
