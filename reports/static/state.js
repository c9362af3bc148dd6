// What the reader chose, kept in the link after its `#`: `#provider=Okta&weeks=4`. Who opens the link sees the same.
// Belongs here: reading, checking and writing these values. What a value means is known to those who declare its key;
// they do so at the start, all in one go. No value reaches the page but as text.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const MOST_NAMED = 3;
  const checks = new Map();
  const listeners = [];
  let values = new Map();
  let line;
  let isDue = false;

  const isAccepted = ([key, value]) => checks.has(key) && checks.get(key)(value);

  // `#main` is a place on the page and no state: whoever goes there keeps what was chosen.
  function read() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return false;
    values = new Map([...new URLSearchParams(hash)].filter(([, value]) => value !== ""));
    return true;
  }

  function nameIgnored() {
    isDue = false;
    const ignored = [...values].filter((entry) => !isAccepted(entry));
    if (!ignored.length && !line) return;
    const named = ignored.slice(0, MOST_NAMED).map(([key, value]) => Portal.words.name(`${key}=${value}`));
    if (ignored.length > MOST_NAMED) named.push(`${ignored.length - MOST_NAMED} more`);
    if (!line) {
      line = Object.assign(document.createElement("p"), { className: "band ignored", role: "status" });
      document.querySelector("main").prepend(line);
    }
    line.textContent = named.length ? `Ignored in the link: ${named.join(", ")}` : "";
  }

  // The check runs once for all keys that are declared together.
  function declare(key, isValid) {
    if (!isDue) queueMicrotask(nameIgnored);
    isDue = true;
    checks.set(key, isValid);
  }

  const get = (key) => (values.has(key) && isAccepted([key, values.get(key)]) ? values.get(key) : null);

  function set(changes, { replace = false } = {}) {
    const next = { ...Object.fromEntries([...values].filter(isAccepted)), ...changes };
    const kept = Object.entries(next).filter(([, value]) => value !== null && value !== "");
    values = new Map(kept.map(([key, value]) => [key, String(value)]).sort(([one], [other]) => (one < other ? -1 : 1)));
    const hash = values.size ? `#${new URLSearchParams([...values])}` : "";
    if (hash === location.hash) return;
    try {
      history[replace ? "replaceState" : "pushState"](null, "", hash || location.pathname + location.search);
    } catch {
      // A host may forbid it: then the choice holds, but not in the link.
    }
  }

  addEventListener("hashchange", () => {
    if (!read()) return;
    nameIgnored();
    listeners.forEach((listen) => listen());
  });
  read();

  Portal.state = { declare, get, set, onchange: (listen) => listeners.push(listen) };
})();
