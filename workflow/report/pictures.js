"use strict";
// Pictures answer back: what is pointed at says its value, and what the calculator is set to is lit.
(() => {
  const KEYS = ["model", "size", "country", "source"];
  const GAP = 8;
  // The browser would show an SVG's own titles beside ours.
  for (const title of document.querySelectorAll(".spots title")) {
    title.parentElement.dataset.say = title.textContent;
    title.remove();
  }
  const box = document.createElement("div");
  box.id = "say";
  box.setAttribute("role", "status");
  document.body.append(box);
  let said = null;

  function hush() {
    said?.classList.remove("said");
    said = null;
    box.textContent = "";
  }

  // Above the place, or below where there is no room; never wider than the screen.
  function put(place) {
    const around = place.getBoundingClientRect();
    const middle = around.left + around.width / 2 - box.offsetWidth / 2;
    const left = Math.max(GAP, Math.min(middle, document.documentElement.clientWidth - box.offsetWidth - GAP));
    const above = around.top - box.offsetHeight - GAP;
    const top = above >= 0 ? above : around.bottom + GAP;
    box.style.left = `${left + scrollX}px`;
    box.style.top = `${top + scrollY}px`;
  }

  function say(place) {
    if (place === said) return;
    hush();
    said = place;
    place.classList.add("said");
    box.textContent = place.dataset.say;
    put(place);
  }

  const placeOf = (event) => (event.target instanceof Element ? event.target.closest("[data-say]") : null);
  document.addEventListener("pointerover", (event) => {
    const place = placeOf(event);
    if (place) say(place);
    else if (event.pointerType === "mouse") hush();
  });
  document.addEventListener("pointerdown", (event) => placeOf(event) ?? hush());
  document.addEventListener("keydown", (event) => event.key === "Escape" && hush());

  // With the keyboard a picture is one stop, and arrows go from place to place in it.
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  for (const picture of document.querySelectorAll(".plot, #poster figure")) {
    const places = [...picture.querySelectorAll("[data-say]")];
    if (!places.length) continue;
    let at = 0;
    const go = (to) => {
      at = Math.max(0, Math.min(to, places.length - 1));
      places[at].scrollIntoView({ block: "nearest", inline: "nearest" });
      say(places[at]);
    };
    picture.tabIndex = 0;
    picture.addEventListener("focus", () => picture.matches(":focus-visible") && go(at));
    picture.addEventListener("blur", hush);
    picture.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key in STEPS) go(said ? at + STEPS[event.key] : at);
      else if (event.key === "Home") go(0);
      else if (event.key === "End") go(places.length - 1);
      else return;
      event.preventDefault();
    });
  }

  // A place is lit where all that it is of is chosen. Thousands of them are read and written no more than they must.
  const field = (name) => document.getElementById(`whatif-${name}`);
  const places = [...document.querySelectorAll("[data-say]")]
    .map((place) => ({
      place,
      lit: false,
      model: place.closest("[data-model]")?.dataset.model,
      wanted: KEYS.filter((key) => key in place.dataset).map((key) => [key, place.dataset[key]]),
    }))
    .filter(({ wanted }) => wanted.length);
  function light() {
    const chosen = Object.fromEntries(KEYS.map((key) => [key, field(key).value]));
    for (const one of places) {
      const own = one.model === undefined || one.model === chosen.model;
      const lit = own && one.wanted.every(([key, value]) => value === chosen[key]);
      if (lit === one.lit) continue;
      one.lit = lit;
      one.place.classList.toggle("lit", lit);
    }
  }
  field("calculator").addEventListener("input", light);
  field("calculator").addEventListener("change", light);
  light();
})();
