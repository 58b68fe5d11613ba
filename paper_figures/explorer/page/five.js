"use strict";

/** Five features in the plane: the lower arrangement and the other one, over the odd density. */
(() => {
  const runs = DATA.five;
  const [ratio, density] = [byId("five-ratio"), byId("five-density")];
  const STYLES = [["first", ""], ["second", "7 4"]];
  const CHART = { left: 48, right: 10, top: 12, bottom: 42, width: 360, height: 270 };
  const ODD = 4;
  const TINY = 1e-6; // a norm below is that of a dropped feature
  let run = runs[0];

  /** Which branch is lower at a place, and whether the other is a minimum there. */
  function lowest(k) {
    const [pentagon, digons] = run.branches;
    if (!digons.exists[k]) return 0;
    return pentagon.exists[k] && pentagon.loss[k] < digons.loss[k] ? 0 : 1;
  }

  function show() {
    const k = Number(ratio.value);
    const ground = lowest(k);
    const other = 1 - ground;
    const odd = run.ratio[k] * run.density;
    const there = run.branches[other].exists[k];
    byId("five-ratio-text").textContent = text(run.ratio[k], 4);
    byId("five-density-text").textContent = text(run.density, 3);
    const names = run.branches.map((branch) => branch.name);
    const also = there ? "metastable" : "no minimum here";
    byId("five-summary").replaceChildren("Ground state: ", make("strong", {}, names[ground]), `. Other arrangement: ${names[other]}, ${also}.`);
    byId("five-check").textContent = run.below.length
      ? `Random starts ended lower than both at ${run.below.map((v) => text(v, 3)).join(", ")} times.`
      : `None of ${run.starts} random starts at each of ${run.started} ratios ended lower than both.`;
    ratio.setAttribute("aria-valuetext", `${text(run.ratio[k], 3)} times, density ${text(odd, 3)}`);
    density.setAttribute("aria-valuetext", text(run.density, 3));
    picture(byId("five-ground"), ground, k, "ground state");
    picture(byId("five-other"), other, k, there ? "metastable" : "no minimum");
    chart(k);
  }

  function picture(card, index, k, tag) {
    const branch = run.branches[index];
    card.className = tag === "ground state" ? "card ground" : "card";
    card.dataset.branch = branch.name;
    const title = make("h3", {}, branch.name, make("span", { class: "tag" }, tag));
    if (!branch.exists[k]) {
      card.replaceChildren(title, make("p", {}, "Followed from equal densities, it stops being a minimum before here."));
      return;
    }
    const loss = make("dl", { class: "facts" });
    facts(loss, [["loss L", quantity(branch.loss[k], DATA.digits)],
      ["L/p", text(branch.loss[k] / run.density, 5)]]);
    const [W, b] = [branch.weights[k], branch.bias[k]];
    card.replaceChildren(title, plane(W, branch.name), biases(b), loss, features(W, b, k));
  }

  /** The columns of W as arrows, feature 5 in its own colour, beside the unit circle. */
  function plane([across, up], name) {
    const svg = shape("svg", { viewBox: "-150 -150 300 300", role: "img", class: "plane",
      "aria-label": `Directions of the five features: ${name}` });
    svg.append(shape("circle", { class: "rule", r: 95, "stroke-dasharray": "4 4" }),
      shape("path", { class: "rule", d: "M-140 0H140M0 -140V140" }));
    across.forEach((value, i) => {
      const [x, y] = [95 * value, -95 * up[i]];
      const [kind, length] = [i === ODD ? "second" : "first", Math.hypot(x, y)];
      svg.append(...arrow(0, 0, x, y, kind, i === ODD ? 4.5 : 3));
      const out = length < 2 ? [16, 18] : [x * (1 + 14 / length), y * (1 + 14 / length)];
      svg.append(shape("text", { x: out[0], y: out[1] + 4, "text-anchor": "middle" }, String(i + 1)));
    });
    return svg;
  }

  function biases(b) {
    const top = Math.max(...run.branches.flatMap((branch) => branch.bias.flat().map(Math.abs)));
    const svg = shape("svg", { viewBox: "0 0 300 84", role: "img", "aria-label": "Biases of the five features" });
    svg.append(shape("line", { class: "axis", x1: 30, x2: 295, y1: 34, y2: 34 }),
      shape("text", { class: "faint", x: 4, y: 38 }, "b"));
    b.forEach((value, i) => {
      const height = 30 * value / top;
      svg.append(shape("rect", { class: i === ODD ? "second-fill" : "first-fill", x: 44 + 52 * i, width: 26,
        y: Math.min(34, 34 - height), height: Math.max(Math.abs(height), 1) }),
      shape("text", { class: "faint", x: 57 + 52 * i, y: 80, "text-anchor": "middle" }, String(i + 1)));
    });
    return svg;
  }

  function features([across, up], b, k) {
    const rows = across.map((x, i) => {
      const norm = Math.hypot(x, up[i]);
      const [size, angle] = norm < TINY ? ["0", "none"] : [text(norm, 4), `${text(Math.atan2(x, up[i]) * 180 / Math.PI, 4)}°`];
      const p = i === ODD ? run.density * run.ratio[k] : run.density;
      return make("tr", {}, ...[String(i + 1), text(p, 3), size, angle, text(b[i], 4)]
        .map((cell) => make("td", {}, cell)));
    });
    const head = make("tr", {}, ...["i", "density", "|Wᵢ|", "angle", "bᵢ"].map((cell) => make("th", { scope: "col" }, cell)));
    return make("div", { class: "table" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  function chart(k) {
    const svg = byId("five-chart");
    const inner = [CHART.width - CHART.left - CHART.right, CHART.height - CHART.top - CHART.bottom];
    const losses = run.branches.flatMap((branch) => branch.loss.filter((_, i) => branch.exists[i]));
    const log = (values) => values.map((v) => Math.log(v));
    const [xs, ys] = [log([run.ratio[0], run.ratio[run.ratio.length - 1]]),
      log([Math.min(...losses) / 1.1 / run.density, 1.1 * Math.max(...losses) / run.density])];
    const x = (v) => CHART.left + inner[0] * (Math.log(v) - xs[0]) / (xs[1] - xs[0]);
    const y = (v) => CHART.top + inner[1] * (ys[1] - Math.log(v / run.density)) / (ys[1] - ys[0]);
    const parts = [shape("rect", { class: "rule", x: CHART.left, y: CHART.top, width: inner[0], height: inner[1] })];
    const base = CHART.top + inner[1];
    for (const tick of [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].filter((v) => Math.log(v) >= xs[0] - 1e-9 && Math.log(v) <= xs[1] + 1e-9)) {
      parts.push(shape("line", { class: "axis", x1: x(tick), x2: x(tick), y1: base, y2: base + 4 }),
        shape("text", { class: "faint", x: x(tick), y: base + 16, "text-anchor": "middle" }, String(tick)));
    }
    for (const tick of [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].filter((v) => Math.log(v) > ys[0] && Math.log(v) < ys[1])) {
      parts.push(shape("line", { class: "axis", x1: CHART.left - 4, x2: CHART.left, y1: y(tick * run.density), y2: y(tick * run.density) }),
        shape("text", { class: "faint", x: CHART.left - 7, y: y(tick * run.density) + 4, "text-anchor": "end" }, String(tick)));
    }
    parts.push(shape("text", { x: CHART.left + inner[0] / 2, y: CHART.height - 6, "text-anchor": "middle" }, "density of feature 5 over the others'"),
      shape("text", { x: 13, y: CHART.top + inner[1] / 2, "text-anchor": "middle", transform: `rotate(-90 13 ${CHART.top + inner[1] / 2})` }, "L/p"));
    for (const [value, dashes] of [[run.crossing, ""], [run.limit, "3 3"]]) {
      if (value !== null && Math.log(value) > xs[0]) parts.push(shape("line", { class: "axis", x1: x(value), x2: x(value), y1: CHART.top, y2: base, "stroke-dasharray": dashes }));
    }
    run.branches.forEach((branch, index) => {
      const points = run.ratio.map((v, i) => [v, i]).filter(([, i]) => branch.exists[i]);
      const [kind, dashes] = STYLES[index];
      parts.push(shape("polyline", { class: kind, "stroke-width": 2.2, "stroke-dasharray": dashes,
        points: points.map(([v, i]) => `${x(v).toFixed(1)},${y(branch.loss[i]).toFixed(1)}`).join(" ") }));
      if (!branch.exists[k]) return;
      const filled = index === lowest(k) ? `${kind}-fill` : `${kind} hollow`;
      parts.push(shape("circle", { class: filled, "stroke-width": 2, cx: x(run.ratio[k]), cy: y(branch.loss[k]), r: 5.5 }));
    });
    svg.replaceChildren(...parts);
    legend();
  }

  function legend() {
    const line = (kind, dashes) => shape("svg", { viewBox: "0 0 40 16", "aria-hidden": "true" },
      shape("line", { class: kind, x1: 0, x2: 40, y1: 8, y2: 8, "stroke-width": 2.5, "stroke-dasharray": dashes }));
    const times = (value) => `${text(1 / value, 3)} times sparser`;
    const items = run.branches.map((branch, i) => [line(...STYLES[i]), branch.name]);
    if (run.crossing !== null) items.push([line("axis", ""), `equal losses, ${times(run.crossing)}`]);
    if (run.limit !== null) items.push([line("axis", "3 3"), `the pentagon ends, ${times(run.limit)}`]);
    byId("five-legend").replaceChildren(...items.map((item) => make("li", {}, ...item)));
  }

  function choose() {
    const at = run.ratio[Number(ratio.value)];
    run = runs[Number(density.value)];
    ratio.max = run.ratio.length - 1;
    ratio.value = nearest(run.ratio, at);
    show();
  }

  const first = Math.max(0, runs.findIndex((each) => each.density === 0.05));
  run = runs[first];
  density.max = runs.length - 1;
  density.value = first;
  byId("five-density-control").hidden = runs.length === 1;
  ratio.max = run.ratio.length - 1;
  ratio.value = nearest(run.ratio, 1);
  ratio.addEventListener("input", show);
  density.addEventListener("input", choose);
  show();
})();
