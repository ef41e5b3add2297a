"use strict";
(() => {
  // A sandboxed frame has no clipboard of its own; the old command copies a selection even there.
  for (const snippet of document.querySelectorAll(".snippet")) {
    const code = snippet.querySelector("code");
    const caption = snippet.querySelector("figcaption");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${caption.textContent}`);
    button.addEventListener("click", () => {
      const selection = window.getSelection();
      selection.selectAllChildren(code);
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
      window.setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    caption.append(button);
  }
  window.addEventListener("beforeprint", () => {
    // On paper nothing can be opened. The appendices of all numbers are ten pages: they come if they are open.
    for (const details of document.querySelectorAll("details:not(.details details)")) details.open = true;
  });
})();
(() => {
  const source = document.getElementById("points");
  const scrub = document.querySelector(".scrub");
  if (!source || !scrub) return;

  const { low, high, step, series } = JSON.parse(source.textContent);
  const leading = series[0];
  const readout = document.getElementById("readout");
  const cursors = document.querySelectorAll(".cursor");
  const last = leading.steps.length - 1;
  const leap = Math.max(1, Math.round(last / 10));
  let current = last;

  const nearest = (steps, wanted) => {
    let from = 0;
    let to = steps.length - 1;
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (steps[middle] <= wanted) from = middle;
      else to = middle;
    }
    return wanted - steps[from] <= steps[to] - wanted ? from : to;
  };

  const words = (at) => {
    const parts = [`${step} ${leading.steps[at].toLocaleString("en")}`];
    for (const one of series) {
      const index = one === leading ? at : nearest(one.steps, leading.steps[at]);
      const elsewhere = one.steps[index] === leading.steps[at] ? "" : ` at ${one.steps[index].toLocaleString("en")}`;
      const skill = one.skills[index] ? ` (skill ${one.skills[index]})` : "";
      parts.push(`${one.name} ${one.values[index]}${elsewhere}${skill}`);
    }
    return parts.join("  ·  ");
  };

  const show = (at) => {
    current = Math.min(Math.max(at, 0), last);
    const place = `${(100 * (leading.steps[current] - low)) / (high - low)}%`;
    for (const cursor of cursors) {
      cursor.removeAttribute("hidden");
      cursor.setAttribute("x1", place);
      cursor.setAttribute("x2", place);
    }
    const text = words(current);
    readout.textContent = text;
    readout.classList.remove("idle");
    scrub.setAttribute("aria-valuenow", current);
    scrub.setAttribute("aria-valuetext", text);
  };

  const rest = () => {
    for (const cursor of cursors) cursor.setAttribute("hidden", "");
    readout.classList.add("idle");
    readout.textContent = "Point at the curve, or use the arrow keys, to read its values.";
  };

  const point = (event) => {
    const box = scrub.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    show(nearest(leading.steps, low + share * (high - low)));
  };

  const moves = {
    ArrowLeft: () => current - 1,
    ArrowDown: () => current - 1,
    ArrowRight: () => current + 1,
    ArrowUp: () => current + 1,
    PageDown: () => current - leap,
    PageUp: () => current + leap,
    Home: () => 0,
    End: () => last,
  };

  scrub.removeAttribute("hidden");
  scrub.setAttribute("aria-valuetext", words(current));
  scrub.setAttribute("aria-valuenow", current);
  scrub.addEventListener("pointermove", point);
  scrub.addEventListener("pointerdown", point);
  scrub.addEventListener("pointerleave", rest);
  scrub.addEventListener("blur", rest);
  scrub.addEventListener("focus", () => scrub.matches(":focus-visible") && show(current));
  scrub.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    show(move());
  });
  rest();
})();
