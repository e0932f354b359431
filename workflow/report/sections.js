"use strict";
// The appendix folds: each section opens by its heading, its address, the browser's search, and on
// paper. Without this script all of them are open.
(() => {
  const sections = [...document.querySelectorAll("#appendix > section > details")];
  const target = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));

  // Whatever holds an address's target is opened before the browser is sent there.
  function reveal() {
    const found = target();
    if (!found) return;
    const own = found.querySelector(":scope > details");
    if (own) own.open = true;
    for (let part = found.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    found.scrollIntoView();
  }

  for (const section of sections) section.open = false;
  reveal();
  addEventListener("hashchange", reveal);
  // A link to where the address already points changes no address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal();
  });

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });

  const folding = document.getElementById("folding");
  folding.hidden = false;
  for (const button of folding.querySelectorAll("button"))
    button.addEventListener("click", () => {
      for (const section of sections) section.open = button.dataset.fold === "open";
    });

  // The contents show where the reader is.
  const links = new Map([...document.querySelectorAll("#contents a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target: { id }, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](id);
    const first = [...links.keys()].find((id) => seen.has(id));
    for (const [id, link] of links) {
      if (id === first) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  });
  for (const id of links.keys()) observer.observe(document.getElementById(id));
})();
