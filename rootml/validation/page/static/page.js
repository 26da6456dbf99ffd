"use strict";

const find = (id) => document.getElementById(id);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function setUpTheme() {
  const button = find("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  const changed = () => { label(); document.dispatchEvent(new Event("themechange")); };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    changed();
  });
  system.addEventListener("change", changed);
  button.hidden = false;
  label();
}

/** One report at a time; links into a hidden report show it. Without scripts all are shown. */
function setUpTabs() {
  const tabs = all("[role=tab]");
  if (tabs.length < 2) return;
  const panelOf = (tab) => find(tab.getAttribute("aria-controls"));
  const show = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      panelOf(tab).classList.toggle("other", !isChosen);
      all(`[data-panel="${panelOf(tab).id}"] ul`).forEach((list) => { list.hidden = !isChosen; });
    }
  };
  for (const [i, tab] of tabs.entries()) {
    panelOf(tab).setAttribute("role", "tabpanel");
    panelOf(tab).setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = tabs.at((i + step) % tabs.length);
      show(next);
      next.focus();
    });
  }
  const follow = () => {
    const target = find(decodeURIComponent(location.hash.slice(1)));
    const panel = target?.closest("[role=tabpanel]");
    if (!panel) return;
    show(tabs.find((tab) => panelOf(tab) === panel));
    target.scrollIntoView();
  };
  tabs[0].parentElement.hidden = false;
  show(tabs[0]);
  addEventListener("hashchange", follow);
  follow();
}

/** A click enlarges a plot; arrows left and right go through those shown, up and down through reports. */
function setUpEnlarging() {
  const dialog = find("enlarged");
  let shown = null;
  const visible = () => all(".enlarge img").filter((image) => image.offsetParent);
  const alike = () => all(".panel .enlarge img").filter((image) => image.dataset.plot === shown.dataset.plot);
  const titleOf = (image) => {
    const panel = image.closest(".panel");
    return panel && all(".panel").length > 1 ? `${panel.querySelector("h2").textContent}: ` : "";
  };
  const show = (image) => {
    shown = image;
    find("enlarged-image").src = image.src;
    find("enlarged-image").alt = image.alt;
    find("enlarged-caption").textContent = titleOf(image) + image.alt;
    find("enlarged-other").hidden = !image.closest(".panel") || alike().length < 2;
    if (dialog.open) return;
    dialog.showModal();
    find("enlarged-close").focus();
  };
  const step = (images, by) => {
    if (images.length) show(images.at((images.indexOf(shown) + by) % images.length));
  };
  for (const button of all(".enlarge")) {
    button.addEventListener("click", () => show(button.firstElementChild));
  }
  for (const button of all("[data-step]", dialog)) {
    button.addEventListener("click", () => step(visible(), Number(button.dataset.step)));
  }
  find("enlarged-other").addEventListener("click", () => step(alike(), 1));
  find("enlarged-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    const moves = {
      ArrowLeft: () => step(visible(), -1),
      ArrowRight: () => step(visible(), 1),
      ArrowUp: () => step(alike(), -1),
      ArrowDown: () => step(alike(), 1),
    };
    if (!moves[event.key]) return;
    moves[event.key]();
    event.preventDefault();
  });
}

setUpTheme();
setUpTabs();
setUpEnlarging();
