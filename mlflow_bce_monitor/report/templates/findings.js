"use strict";
(() => {
  const list = document.getElementById("findings");
  const empty = document.getElementById("empty");
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  const address = `./bce-monitor/findings${window.location.search}`;
  const pause = 2000; // milliseconds; the server asks its database once a second at most
  const longest = 60000;
  const known = new Set([...list.children].map((item) => `${item.dataset.run} ${verdict(item)}`));
  let wait = pause;
  let timer = 0;

  function verdict(item) {
    return item.querySelector("[data-text=verdict]").textContent;
  }

  // Changes only what differs, so that focus and selection stay where they are.
  const put = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const fill = (item, row) => {
    put(item, "data-run", row.run_id);
    for (const part of item.querySelectorAll("*")) {
      const { text, href, title, time, label, empty: hides } = part.dataset;
      if (text) write(part, row[text]);
      if (href) put(part, "href", row[href]);
      if (title) put(part, "title", row[title]);
      if (label) put(part, "aria-label", row[label]);
      if (time) put(part, "datetime", row[time]);
      if (hides) part.hidden = !row[hides];
    }
  };

  const show = (page) => {
    write(document.getElementById("headline"), page.headline);
    write(document.getElementById("evaluation"), page.evaluation);
    document.title = `${page.headline} · bce-monitor`;
    for (const choice of page.choices) write(document.querySelector(`[data-count=${choice.label}]`), `${choice.count}`);
    const items = new Map([...list.children].map((item) => [item.dataset.run, item]));
    page.rows.forEach((row, at) => {
      const item = items.get(row.run_id) ?? empty.content.firstElementChild.cloneNode(true);
      items.delete(row.run_id);
      fill(item, row);
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
    });
    for (const item of items.values()) item.remove();
    announce(page.rows);
    const nothing = document.getElementById("nothing");
    write(nothing, page.nothing);
    nothing.hidden = !page.nothing;
    write(document.getElementById("place"), page.place);
    for (const side of ["newer", "older"]) {
      const link = document.getElementById(side);
      put(link, "href", page[`${side}_href`]);
      link.hidden = !page[`${side}_href`];
    }
  };

  const announce = (rows) => {
    const fresh = rows.filter((row) => !known.has(`${row.run_id} ${row.verdict}`));
    for (const row of fresh) {
      known.add(`${row.run_id} ${row.verdict}`);
      list.querySelector(`[data-run="${row.run_id}"]`).classList.add("fresh");
    }
    if (fresh.length === 1) news.textContent = `New: ${fresh[0].run}, ${fresh[0].verdict}`;
    else if (fresh.length) news.textContent = `${fresh.length} new findings`;
  };

  const say = (text, troubled) => {
    live.hidden = false;
    write(live, text);
    live.classList.toggle("troubled", troubled);
  };

  const look = async () => {
    timer = 0;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      show(await answer.json());
      wait = pause;
      say("This page is live.", false);
    } catch {
      wait = Math.min(2 * wait, longest);
      say("The server does not answer; what you see may be old.", true);
    }
    plan();
  };

  const plan = () => {
    if (!timer && !document.hidden) timer = window.setTimeout(look, wait);
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      window.clearTimeout(timer);
      timer = 0;
    } else {
      wait = pause;
      look();
    }
  });
  plan();
})();
