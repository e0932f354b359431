"use strict";
// The what-if calculator: the formulas of `scenarios` and `savings` on the factors in the page.
(() => {
  const SIGNIFICANT = 3;
  const EXACT = 1e-12;
  const data = JSON.parse(document.getElementById("whatif-data").textContent);
  const part = (name) => document.getElementById(`whatif-${name}`);

  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (key, values = {}) => fill(data.texts[key], values);

  // Numbers are written as the rest of the page writes them.
  const signed = (kind, value, digits) => fill(data.formats[kind][value < 0 ? 1 : 0], { value: digits });
  const digits = (value, decimals) => {
    const [whole, fraction] = Math.abs(value).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, data.formats.group);
    return fraction ? grouped + data.formats.decimal + fraction : grouped;
  };
  const decimalsFor = (value) => {
    if (value === 0) return 0;
    const exponent = Number(value.toExponential(SIGNIFICANT - 1).split("e")[1]);
    return Math.max(0, SIGNIFICANT - 1 - exponent);
  };
  const number = (value) => signed("number", value, digits(value, decimalsFor(value)));
  const percent = (share) => {
    // Only nothing is 0 %, and only all of it 100 %.
    const size = Math.abs(share);
    let decimals = 0;
    while (size > EXACT && size < 1 - EXACT && [0, 1].includes(Number(size.toFixed(decimals + 2)))) decimals += 1;
    const rounded = Number(share.toFixed(decimals + 2));
    return signed("percent", rounded, digits(rounded * 100, decimals));
  };
  const money = (amount) => signed("money", amount, digits(amount, decimalsFor(amount)));
  const inUnit = (units) => (value) => {
    const [symbol, size] = units.find(([, size]) => Math.abs(value) >= size) ?? units.at(-1);
    return `${number(value / size)}\u00a0${symbol}`;
  };
  const energy = inUnit(data.units.energy);
  const mass = (value) => say("unit.co2e", { mass: inUnit(data.units.mass)(value) });
  const volume = inUnit(data.units.volume);

  // A null counts only where its weight is not 0; whatever uses it is null.
  const blend = (share, source, grid) => {
    if ((share > 0 && source === null) || (share < 1 && grid === null)) return null;
    return (share > 0 ? share * source : 0) + (share < 1 ? (1 - share) * grid : 0);
  };
  const times = (first, second) => (first === null || second === null ? null : first * second);

  function derive(choice) {
    const share = choice.source === data.grid ? 0 : choice.coverage;
    const study = data.cases.find(
      (item) => item.dataset === choice.dataset && item.model === choice.model,
    );
    const size = study.sizes[choice.size];
    const full = study.sizes[study.reference];
    const country = data.countries[choice.country];
    const source = data.sources[choice.source] ?? { g_per_kwh: [0, 0, 0], price_per_kwh: [0, 0, 0] };
    const electricity = (end) => ({
      intensity: blend(share, source.g_per_kwh[end], country.g_per_kwh),
      price: blend(share, source.price_per_kwh[end], country.price_per_kwh),
    });
    const ends = [0, 1, 2].map((end) => {
      const used = times(size.energy_kwh[end], data.pue);
      const { intensity, price } = electricity(end);
      return { energy: size.energy_kwh[end], emissions: times(used, intensity), cost: times(used, price) };
    });
    const { intensity, price } = electricity(0);
    const saved = times(size.saved_share[0], full.energy_kwh[0]) ?? full.energy_kwh[0] - size.energy_kwh[0];
    return {
      share,
      isReference: choice.size === study.reference,
      used: size.energy_kwh[0] * data.pue,
      full: study.full_kwh * data.pue,
      spared: saved * data.pue,
      beyond: size.beyond,
      energy: ends.map((end) => end.energy),
      emissions: ends.map((end) => end.emissions),
      cost: ends.map((end) => end.cost),
      saving: size.saved_share,
      saved: {
        energy: saved,
        emissions: times(saved * data.pue, intensity),
        cost: times(saved * data.pue, price),
      },
    };
  }

  function show(name, values, write, note) {
    const [central, low, high] = values;
    const answer = part(name);
    answer.dataset.value = central ?? "";
    answer.dataset.low = low ?? "";
    answer.dataset.high = high ?? "";
    const bounded = central !== null && low !== null && high !== null;
    answer.textContent =
      central === null
        ? say("missing")
        : bounded
          ? say("unit.interval", { mean: write(central), low: write(low), high: write(high) })
          : write(central);
    part(`${name}-note`).textContent = note;
  }

  // Why a value, or its bounds, are not known.
  function reasons(answer, names) {
    const country = data.countries[names.choice.country];
    const source = data.sources[names.choice.source];
    const oneSeed = answer.energy[1] === null ? say("whatif.one_seed") : "";
    let emissions = "";
    if (answer.emissions[0] === null) emissions = say("whatif.no_intensity", names);
    else if (oneSeed) emissions = oneSeed;
    else if (answer.emissions[1] === null) emissions = say("whatif.no_range", names);
    let cost = "";
    if (answer.cost[0] === null) {
      const unpriced = answer.share > 0 && source.price_per_kwh[0] === null;
      cost = say(unpriced || country.price_per_kwh !== null ? "whatif.no_cost" : "whatif.no_grid_price", names);
    } else if (oneSeed) cost = oneSeed;
    else if (answer.cost[1] === null) cost = say("whatif.no_cost_range", names);
    return { energy: oneSeed, emissions, cost };
  }

  function equivalent({ name, quantity, amount }, answer) {
    const total = quantity === "emissions" ? answer.emissions[0] : answer.used;
    if (total === null) return null;
    // No more digits than energies have: the whole part of a large count is not known better than they are.
    const count = (value) => number(Number(value.toPrecision(SIGNIFICANT)));
    return total >= amount
      ? say("whatif.more", { name, count: count(total / amount) })
      : say("whatif.less", { name, count: count(amount / total) });
  }

  // A year's amounts; an own figure for one training on the full size scales all of them.
  function yearly(answer) {
    const trainings = part("trainings").valueAsNumber;
    if (!(trainings > 0)) return null;
    const own = part("training").valueAsNumber;
    const scale = trainings * (own > 0 ? own / answer.full : 1);
    return {
      energy: answer.used * scale,
      emissions: times(answer.emissions[0], scale),
      cost: times(answer.cost[0], scale),
      saved: answer.spared * scale,
    };
  }

  function showYear(year, written) {
    const shown = part("year");
    shown.dataset.value = year?.energy ?? "";
    shown.dataset.emissions = year?.emissions ?? "";
    shown.dataset.cost = year?.cost ?? "";
    shown.dataset.saved = year?.saved ?? "";
    shown.textContent = year
      ? say(data.pue === 1 ? "whatif.year" : "whatif.year_site", {
          energy: energy(year.energy),
          emissions: written(year.emissions, mass),
          cost: written(year.cost, money),
        })
      : "";
    const compared = () => say(year.saved > 0 ? "whatif.year_less" : "whatif.year_more", { saved: energy(Math.abs(year.saved)) });
    part("year-note").textContent = year ? (year.saved ? compared() : say("whatif.reference")) : say("whatif.no_year");
  }

  const chosen = (name) => part(name).selectedOptions[0].textContent;

  // A model offers the sizes that it was trained on: a budget may have left some out.
  function offerSizes() {
    const { sizes, reference } = data.cases.find(
      (item) => item.dataset === part("dataset").value && item.model === part("model").value,
    );
    const list = part("size");
    for (const option of list.options) option.hidden = option.disabled = !(option.value in sizes);
    if (!(list.value in sizes)) list.value = reference;
  }

  function update() {
    offerSizes();
    const choice = {
      ...Object.fromEntries(
        ["dataset", "model", "size", "country", "source"].map((name) => [name, part(name).value]),
      ),
      coverage: Number(part("coverage").value),
    };
    const answer = derive(choice);
    const names = { choice, country: chosen("country"), source: chosen("source") };
    const why = reasons(answer, names);
    const coverage = percent(answer.share);
    part("coverage").setAttribute("aria-valuetext", coverage);
    part("coverage-shown").textContent = coverage;
    part("coverage-note").textContent = choice.source === data.grid ? say("whatif.grid_coverage") : "";
    show("energy", answer.energy, energy, why.energy);
    show("emissions", answer.emissions, mass, why.emissions);
    show("cost", answer.cost, money, why.cost);
    for (const [name, amounts] of Object.entries(answer.beyond)) show(name, amounts, name === "embodied" ? mass : volume, "");
    const written = (value, write) => (value === null ? say("missing") : write(value));
    const note = answer.isReference
      ? say("whatif.reference")
      : say("whatif.saved", {
          energy: energy(answer.saved.energy),
          emissions: written(answer.saved.emissions, mass),
          cost: written(answer.saved.cost, money),
        });
    showYear(yearly(answer), written);
    show("saving", answer.isReference ? [0, null, null] : answer.saving, percent, note);
    part("equivalents").replaceChildren(
      ...data.equivalents
        .map((item) => equivalent(item, answer))
        .filter((sentence) => sentence !== null)
        .map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })),
    );
  }

  part("calculator").hidden = false;
  part("tables").hidden = true;
  part("calculator").addEventListener("input", update);
  part("calculator").addEventListener("change", update);
  update();
})();
