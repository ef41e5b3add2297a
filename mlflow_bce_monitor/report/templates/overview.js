"use strict";
(() => {
  // MLflow shows an artifact in a frame that may open nothing: a link would be dead there, an id can be copied.
  if (window !== window.parent) {
    document.body.classList.add("framed");
    for (const link of document.querySelectorAll(".name a")) link.replaceWith(...link.childNodes);
  }

  const controls = document.querySelector(".controls");
  if (!controls) return;
  const groups = [...document.querySelectorAll(".group")];
  const buttons = [...controls.querySelectorAll("button")];
  const sort = document.getElementById("sort");
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const byName = new Intl.Collator("en", { numeric: true });
  let verdict = "";

  const arrange = () => {
    const key = sort.value.replace("-", "");
    const sign = sort.value.startsWith("-") ? -1 : 1;
    const words = key === "name" || key === "cause";
    const compare = (one, other) =>
      words
        ? byName.compare(one.dataset[key], other.dataset[key])
        : sign * (Number(one.dataset[key]) - Number(other.dataset[key]));
    for (const group of groups) {
      const list = group.querySelector(".cells");
      list.append(...[...list.children].sort(compare));
    }
  };

  const filter = () => {
    const wanted = find.value.trim().toLowerCase();
    let shown = 0;
    for (const group of groups) {
      let here = 0;
      for (const cell of group.querySelectorAll(".cells > li")) {
        const text = `${cell.dataset.name} ${cell.dataset.cause}`.toLowerCase();
        cell.hidden = !text.includes(wanted);
        here += cell.hidden ? 0 : 1;
      }
      group.hidden = (verdict && group.dataset.verdict !== verdict) || (wanted && !here);
      shown += group.hidden ? 0 : here;
    }
    found.textContent = verdict || wanted ? `${shown} ${shown === 1 ? "curve" : "curves"}` : "";
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      verdict = button.dataset.verdict;
      for (const one of buttons) one.setAttribute("aria-pressed", one === button);
      filter();
    });
  }
  sort.addEventListener("change", arrange);
  find.addEventListener("input", filter);
  controls.hidden = false;
  arrange();
})();
