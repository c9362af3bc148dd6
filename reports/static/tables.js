// What a reader can do with a table: search, sort and turn the pages of a long list, and take any table along as CSV.
// Belongs here: what is common to all tables, whatever they hold. No number is made, no word of the data changed; what
// the reader chose is kept by state.js. Without this script, and on paper, every table is whole.
(() => {
  "use strict";
  const Portal = (window.Portal = window.Portal || {});

  const SIZE = 50;
  const LONGEST_SEARCH = 200;
  const NONE = ["", "-"];
  const APART = "th, td, br, small, p, div, li"; // not one word with what is beside them
  const UNSEEN = "svg, .unseen, [hidden]";
  const FORMULA = /^[=+\-@\t\r]/;
  const collator = new Intl.Collator("en", { numeric: true });

  const fold = (words) => words.normalize().toLowerCase();
  const rowsOf = (table) => [...table.tBodies].flatMap((body) => [...body.rows]);
  const isOff = (row) => row.hasAttribute("data-off"); // left out by the filters of the page

  function make(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const button = (label, onclick, more) => make("button", { type: "button", textContent: label, onclick, ...more });

  // --- What a cell says

  function spoken(whole) {
    let said = "";
    for (let part = whole.firstChild; part; part = part.nextSibling) {
      if (part.nodeType === Node.TEXT_NODE) said += part.data;
      if (part.nodeType !== Node.ELEMENT_NODE || part.matches(UNSEEN)) continue;
      said += part.matches(APART) ? ` ${spoken(part)} ` : spoken(part);
    }
    return said;
  }

  const text = (cell) => spoken(cell).replace(/\s+/g, " ").trim();

  // Numbers before words, nothing last, in both directions.
  function sortKey(cell) {
    const value = cell ? (cell.dataset.sort ?? text(cell)) : "";
    if (NONE.includes(value)) return { rank: 2, value: "" };
    const number = Number(cell.dataset.sort);
    return Number.isNaN(number) ? { rank: 1, value } : { rank: 0, value: number };
  }

  function sorted(rows, column, direction) {
    const keys = new Map(rows.map((row) => [row, sortKey(row.cells[column])]));
    const compared = (one, other) => (one.rank ? collator.compare(one.value, other.value) : one.value - other.value);
    return [...rows].sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      return one.rank - other.rank || direction * compared(one, other);
    });
  }

  // --- CSV: as downloads.py writes it

  function field(cell) {
    const shown = text(cell);
    const safe = NONE.includes(shown) ? "" : FORMULA.test(shown) ? `'${shown}` : shown;
    return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  }

  const fields = (row) => [...row.cells].flatMap((cell) => [field(cell), ...Array(cell.colSpan - 1).fill("")]);

  function download(name, rows) {
    const csv = "\ufeff" + rows.map((row) => `${fields(row).join(",")}\r\n`).join("");
    const href = URL.createObjectURL(new Blob([csv], { type: "text/csv;charset=utf-8" }));
    const page = location.pathname.split("/").pop().replace(/\.html?$/, "");
    make("a", { href, download: `${[...new Set([page, name])].filter(Boolean).join("_")}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }

  function csvButton(table, name, rows) {
    const about = table.caption ? `: ${text(table.caption)}` : "";
    const save = () => download(name, [...(table.tHead?.rows ?? []), ...rows()]);
    return button("Download CSV", save, { ariaLabel: `Download CSV${about}` });
  }

  // --- A list: a table with a search box, sort buttons and pages

  class List {
    constructor(table) {
      this.table = table;
      this.name = table.dataset.list;
      this.body = table.tBodies[0];
      this.rows = this.order = rowsOf(table);
      this.size = Number(table.dataset.size) || SIZE;
      this.heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
      this.columns = this.heads.map((head) => head.dataset.column || null);
      this.sort = "";
      this.declare();
      this.build();
      new MutationObserver(() => this.show()).observe(table, { attributeFilter: ["data-off"], subtree: true });
    }

    declare() {
      const declare = (part, isValid) => Portal.state.declare(`${this.name}.${part}`, isValid);
      const last = Math.ceil(this.rows.length / this.size);
      declare("q", (value) => value.length <= LONGEST_SEARCH);
      declare("sort", (value) => this.columns.includes(value.replace(/^-/, "")));
      declare("page", (value) => /^[1-9]\d*$/.test(value) && Number(value) <= last);
    }

    get(part) {
      return Portal.state.get(`${this.name}.${part}`) ?? "";
    }

    set(changes, options) {
      const entries = Object.entries(changes).map(([part, value]) => [`${this.name}.${part}`, value]);
      Portal.state.set(Object.fromEntries(entries), options);
      this.show();
    }

    build() {
      const about = this.table.caption ? text(this.table.caption) : this.name;
      // One step back undoes a whole search, not its last letter.
      const search = () => this.set({ q: this.input.value, page: null }, { replace: this.get("q") !== "" });
      this.input = make("input", { type: "search", maxLength: LONGEST_SEARCH, autocomplete: "off", oninput: search });
      this.status = make("p", { role: "status" });
      this.back = button("Previous", () => this.turn(-1));
      this.next = button("Next", () => this.turn(1));
      this.place = make("span", {});
      this.pager = make("div", { className: "pager" }, this.back, this.place, this.next);
      const save = csvButton(this.table, this.name, () => this.found);
      const tools = make("div", { className: "tools" }, make("label", {}, "Search ", this.input), this.status, save);
      this.box = make("div", { className: "list", role: "group", ariaLabel: about, tabIndex: -1 });
      this.table.before(this.box);
      this.box.append(tools, this.table, this.pager);
      // Of two columns with one name the link could not tell which.
      const isFirst = (name, column) => name !== null && this.columns.indexOf(name) === column;
      this.heads.filter((_, column) => isFirst(this.columns[column], column)).forEach((head) => this.offerSort(head));
    }

    // Rising, falling, then as the page had it.
    offerSort(head) {
      const { column } = head.dataset;
      const following = { [column]: `-${column}`, [`-${column}`]: null };
      const choose = () => this.set({ sort: this.sort in following ? following[this.sort] : column, page: null });
      const sort = button("", choose, { className: "sort" });
      sort.append(...head.childNodes);
      head.append(sort);
    }

    turn(step) {
      const page = this.page + step;
      if (page < 1 || page > this.last) return;
      this.set({ page: page > 1 ? page : null });
      if (this.box.getBoundingClientRect().top < 0) this.box.scrollIntoView();
    }

    arrange() {
      const sort = this.get("sort");
      if (sort === this.sort) return;
      const [column, direction] = [this.columns.indexOf(sort.replace(/^-/, "")), sort.startsWith("-") ? -1 : 1];
      this.sort = sort;
      this.order = sort ? sorted(this.rows, column, direction) : this.rows;
      this.body.replaceChildren(...this.order);
      this.heads.forEach((head, place) => {
        head.ariaSort = place !== column ? null : direction < 0 ? "descending" : "ascending";
      });
    }

    // Rows that hold what was typed as it stands; where none does, those that hold each of its words.
    search() {
      const rows = this.order.filter((row) => !isOff(row));
      const words = fold(this.get("q")).split(/\s+/).filter(Boolean);
      if (words.length) this.texts ??= new Map(this.rows.map((row) => [row, fold(text(row))]));
      const holding = (parts) => rows.filter((row) => parts.every((part) => this.texts.get(row).includes(part)));
      const exact = holding([words.join(" ")].filter(Boolean));
      this.found = exact.length ? exact : holding(words);
      return words.length > 0;
    }

    show() {
      this.arrange();
      const isSearched = this.search();
      const total = this.found.length;
      this.last = Math.ceil(total / this.size) || 1;
      this.page = Math.min(Number(this.get("page")) || 1, this.last);
      const first = (this.page - 1) * this.size;
      const shown = new Set(this.found.slice(first, first + this.size));
      for (const row of this.rows) if (row.hidden === shown.has(row)) row.hidden = !row.hidden;
      this.tell(first, first + shown.size, total, isSearched);
    }

    tell(first, last, total, isSearched) {
      const { exact } = Portal.words;
      const range = `Showing ${exact(first + 1)} to ${exact(last)} of ${exact(total)}${isSearched ? " found" : ""}`;
      const nothing = isSearched ? `Nothing matches “${this.get("q")}”` : "Nothing to show";
      this.status.textContent = total ? range : nothing;
      this.place.textContent = `Page ${exact(this.page)} of ${exact(this.last)}`;
      this.back.ariaDisabled = String(this.page === 1);
      this.next.ariaDisabled = String(this.page === this.last);
      this.pager.hidden = this.last === 1;
      if (this.input.value !== this.get("q")) this.input.value = this.get("q");
    }
  }

  function start() {
    const tables = document.querySelectorAll("table[data-list]:has(thead tr):has(tbody)");
    const lists = [...tables].map((table) => new List(table));
    const show = () => lists.forEach((list) => list.show());
    show();
    Portal.state.onchange(show);
    // A link on the page that searches a list leads to it.
    addEventListener("click", ({ target }) => {
      const link = target.closest("a[href*='#']");
      const list = lists.find(({ name }) => link?.pathname === location.pathname && link.hash.startsWith(`#${name}.`));
      list?.box.scrollIntoView();
      list?.box.focus({ preventScroll: true });
    });
    for (const table of document.querySelectorAll("table[data-csv]:not([data-list])")) {
      const name = table.dataset.csv || table.dataset.table || "table";
      const rows = () => rowsOf(table).filter((row) => !isOff(row));
      table.after(make("p", { className: "take" }, csvButton(table, name, rows)));
    }
  }

  Portal.tables = { start };
})();
