// Draws the charts from the JSON in the page and switches between light and dark.
// Everything else is HTML that was finished before this script ran. No dates, no fetches, no state but the theme.
"use strict";

(() => {
  const root = document.documentElement;
  const key = "portal-funnels-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");

  root.dataset.js = "";
  try {
    const kept = localStorage.getItem(key);
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch {
    // A host may forbid storage: then the system's theme holds.
  }

  const theme = () => (paper.matches ? "light" : root.dataset.theme || (dark.matches ? "dark" : "light"));

  const config = {
    displayModeBar: false,
    displaylogo: false,
    showSendToCloud: false,
    responsive: true,
    scrollZoom: false,
    doubleClick: false,
  };

  function draw() {
    const source = document.getElementById("charts");
    if (!source) return [];
    const { figures, looks } = JSON.parse(source.textContent);
    const template = looks[theme()];
    return [...document.querySelectorAll("[data-chart]")].map((place) => {
      const { data, layout } = figures[place.dataset.chart];
      return Plotly.react(place, data, { ...layout, template }, config);
    });
  }

  function offerTheme() {
    const button = document.getElementById("theme");
    const name = () => {
      button.textContent = theme() === "dark" ? "Light" : "Dark";
    };
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(key, root.dataset.theme);
      } catch {
        // Then it holds for this page only.
      }
      name();
      draw();
    });
    name();
    button.hidden = false;
    dark.addEventListener("change", () => {
      name();
      draw();
    });
    paper.addEventListener("change", draw);
  }

  document.addEventListener("DOMContentLoaded", async () => {
    offerTheme();
    if (document.getElementById("charts") && !window.Plotly) {
      delete root.dataset.js; // the bundle is missing: no empty boxes
      root.dataset.ready = "";
      return;
    }
    await Promise.all(draw());
    root.dataset.ready = "";
  });
})();
