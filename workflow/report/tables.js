"use strict";
// Sorting and searching of tables; without it they stand as they are.
(() => {
  const collator = new Intl.Collator(document.documentElement.lang, { sensitivity: "base" });
  // Without accents and case: "etats" finds "États-Unis".
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const compare = (column, numeric) => (first, second) => {
    const [a, b] = [first, second].map((row) => row.cells[column]);
    if (!numeric) return collator.compare(a.textContent, b.textContent);
    return Number(a.dataset.sort) - Number(b.dataset.sort);
  };

  function sort(table, header) {
    const headers = [...header.parentElement.cells];
    const column = headers.indexOf(header);
    const numeric = header.classList.contains("number");
    const direction = header.ariaSort === "ascending" ? "descending" : "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
    const body = table.tBodies[0];
    // What is not known comes last in either direction.
    const unknown = (row) => (numeric ? !row.cells[column].dataset.sort : row.cells[column].textContent === "");
    const rows = [...body.rows];
    const known = rows.filter((row) => !unknown(row)).sort(compare(column, numeric));
    if (direction === "descending") known.reverse();
    body.append(...known, ...rows.filter(unknown));
  }

  function search(table, field, status) {
    const wanted = plain(field.value.trim());
    const rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = !plain(row.textContent).includes(wanted);
    status.textContent = wanted
      ? status.dataset.text.replace("{count}", rows.filter((row) => !row.hidden).length)
      : "";
  }

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
    const tools = document.getElementById(`${table.id}-search`);
    const field = tools.querySelector("input");
    field.addEventListener("input", () => search(table, field, tools.querySelector("[role=status]")));
    tools.hidden = false;
  }
})();
