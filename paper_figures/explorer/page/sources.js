"use strict";

/** Which datasets the numbers are from. */
(() => {
  const rows = DATA.sources.map((each) => make("tr", {},
    ...[each.file, each.made, each.version, each.sha256.slice(0, 12)].map((cell) => make("td", {}, cell))));
  const head = make("tr", {}, ...["dataset", "made by", "tms-physics", "sha256"].map((cell) => make("th", { scope: "col" }, cell)));
  byId("sources").replaceChildren(make("div", { class: "table" },
    make("table", { class: "sources" }, make("thead", {}, head), make("tbody", {}, ...rows))));
})();
