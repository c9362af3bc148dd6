// Starts the parts of a page, closes its menu, switches between light and dark. All is finished HTML before this runs.
// Belongs here: the top of the page and the order of starting. No dates, no fetches.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});
  const root = document.documentElement;
  const KEY = "portal-funnels-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");

  function kept() {
    try {
      const theme = localStorage.getItem(KEY);
      if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    } catch {
      // A host may forbid storage: then the system's theme holds.
    }
  }

  function keep(theme) {
    root.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Then it holds for this page only.
    }
  }

  Portal.theme = () => (paper.matches ? "light" : root.dataset.theme || (dark.matches ? "dark" : "light"));

  function offerTheme(redraw) {
    const button = document.getElementById("theme");
    const other = () => (Portal.theme() === "dark" ? "light" : "dark");
    const show = () => {
      button.textContent = other() === "light" ? "Light" : "Dark";
      redraw();
    };
    button.addEventListener("click", () => {
      keep(other());
      show();
    });
    button.hidden = false;
    button.textContent = other() === "light" ? "Light" : "Dark";
    dark.addEventListener("change", show);
    paper.addEventListener("change", redraw);
  }

  // A menu that lies over the page closes when one goes on elsewhere.
  function closeMenu() {
    const menu = document.querySelector(".set-ups");
    const leave = (target) => target && !menu.contains(target) && (menu.open = false);
    document.addEventListener("pointerdown", (event) => leave(event.target));
    menu.addEventListener("focusout", (event) => leave(event.relatedTarget));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  kept();
  root.dataset.js = "";
  addEventListener("DOMContentLoaded", async () => {
    const page = Portal.funnel.start();
    Portal.tables.start();
    if (page && !window.Plotly) delete root.dataset.js; // the bundle is missing: no empty boxes
    closeMenu();
    offerTheme(() => page?.draw());
    await page?.draw();
    root.dataset.ready = "";
  });
})();
