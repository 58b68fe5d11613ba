"use strict";

/** Which datasets the numbers are from. */
(() => {
  const list = make("dl", { class: "facts" });
  facts(list, DATA.sources.map((each) => [each.file, make("code", {}, each.command), make("br"),
    `${each.version}; file sha256 ${each.sha256.slice(0, 16)}`]));
  byId("sources").replaceChildren(list);
})();
