// Shortcuts: whatever has data-key is reached by it; j and k walk through the rows. ? tells them all.
"use strict";
(() => {
  const root = document.documentElement;
  const dialog = document.getElementById("shortcuts");
  const switched = document.getElementById("shortcuts-on");
  let begun = "";

  const isOn = () => localStorage.getItem("shortcuts") !== "off";
  const show = () => root.toggleAttribute("data-keys", isOn());
  const shown = (element) => element.getClientRects().length > 0;
  const isTyping = (target) => target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
  const withKeys = () => [...document.querySelectorAll("[data-key]")].filter(shown);

  function wordsOf(element) {
    const label = element.closest("label") || element;
    const copy = label.cloneNode(true);
    copy.querySelectorAll("kbd, input, textarea, select").forEach((part) => part.remove());
    return element.dataset.keySays || copy.textContent.trim();
  }

  function tell() {
    const list = document.getElementById("shortcuts-list");
    const several = [...document.querySelectorAll("[data-key-told]")].map((one) => [one.dataset.keyTold, one.dataset.keySays]);
    const rows = withKeys().filter((one) => one.dataset.keySays !== "").map((one) => [one.dataset.key, wordsOf(one)]).concat(several);
    if (document.querySelector("input[name=pick]")) rows.push(["m", "Mark the row"]);
    if (document.querySelector("a.row")) rows.push(["j", "Next row"], ["k", "Row before"], ["Enter", "Open the row"]);
    if (document.querySelector("[data-needs]")) rows.push(["Ctrl Enter", "In the reason: reject with it"]);
    rows.push(["Esc", "Leave a field"]);
    list.replaceChildren(...rows.flatMap(([keys, words]) => {
      const term = document.createElement("dt"), said = document.createElement("dd"), shownKeys = document.createElement("kbd");
      shownKeys.textContent = keys;
      term.append(shownKeys);
      said.textContent = words;
      return [term, said];
    }));
    dialog.showModal();
  }

  function walk(step) {
    const rows = [...document.querySelectorAll("a.row")].filter(shown);
    const at = rows.indexOf(document.activeElement);
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }

  function reach(element) {
    if (element.dataset.opens) tell();
    else if (element.matches("input[type=radio]")) { element.checked = true; element.focus(); }
    else if (element.matches("input[type=checkbox]")) element.click();
    else if (element.matches("input, textarea, select")) element.focus();
    else {
      element.click();
      if (element.matches("summary")) element.parentElement.querySelector("input:not([type=hidden]), textarea")?.focus();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isTyping(event.target)) { event.target.blur(); return; }
    if (event.key === "Enter" && event.ctrlKey && event.target.matches("textarea")) {
      const button = event.target.form.querySelector("[data-needs]") || event.target.form.querySelector("button:not([type=button])");
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog.open || !isOn()) return;
    if (event.key === "j" || event.key === "k") { event.preventDefault(); walk(event.key === "j" ? 1 : -1); return; }
    const box = event.key === "m" && document.activeElement.closest("tr")?.querySelector("input[name=pick]");
    if (box) { box.click(); return; }
    const keys = begun ? `${begun} ${event.key}` : event.key;
    begun = "";
    const found = withKeys();
    const element = found.find((one) => one.dataset.key === keys);
    if (element) { event.preventDefault(); reach(element); }
    else if (found.some((one) => one.dataset.key.startsWith(`${keys} `))) {
      begun = keys;
      setTimeout(() => { begun = ""; }, 1500);
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens]")) tell();
    if (event.target.closest("[data-prints]")) window.print();
    const says = event.target.closest("[data-says]");
    if (says) {
      const field = document.getElementById("reason");
      field.value = says.dataset.says;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const needy = event.target.closest("[data-needs]");
    const needed = needy && needy.form.elements[needy.dataset.needs];
    if (needed && !needed.value.trim()) { event.preventDefault(); needed.focus(); return; }
    const all = event.target.closest("[data-all]");
    if (all) document.querySelectorAll(`input[name="${all.dataset.all}"]`).forEach((box) => { box.checked = all.checked; });
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    const part = event.target.matches("select") && document.querySelector(`details[data-for="${event.target.value}"]`);
    if (part) part.open = true;
  });
  document.addEventListener("submit", (event) => {
    // A second click while the first is on its way must not send the form again.
    if (event.target.dataset.sent) event.preventDefault();
    else if (event.target.method === "post") event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));
  switched.checked = isOn();
  switched.addEventListener("change", () => {
    localStorage.setItem("shortcuts", switched.checked ? "on" : "off");
    show();
  });
  root.setAttribute("data-js", "");
  show();
})();
