"use strict";
// The cursor, the record of the decision in force, and zoom. Everything else stands in the page already.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const charts = one("#charts");
  const fields = all(".field");
  const marks = all(".mark");
  const rows = all("td.time a");
  const scalings = data.syncs.filter((sync) => sync.from !== sync.to).map((sync) => sync.at_s);
  const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  let from = 0;
  let span = data.span;
  let pinned = null; // the moment that stays when the pointer leaves
  let shown = null;

  const clock = (at) => {
    const two = (n) => String(n).padStart(2, "0");
    return `+${Math.floor(at / 3600)}:${two(Math.floor(at / 60) % 60)}:${two(Math.floor(at) % 60)}`;
  };
  const number = (value) => {
    if (value === null || value === undefined) return "–";
    if (Math.abs(value) >= 1e15) return value.toExponential(1);
    const digits = Math.abs(value) < 100 && !Number.isInteger(value) ? 1 : 0;
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  // The last place whose moment is not after `at`; −1 when there is none.
  const before = (moments, at) => {
    let low = 0;
    let high = moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (moments[middle] <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  const syncTimes = data.syncs.map((sync) => sync.at_s);
  const rowTimes = rows.map((row) => Number(row.hash.slice(3)));

  // --- the cursor ---------------------------------------------------------------------------------------------------

  function show(at) {
    shown = at;
    const seen = at !== null && at >= from && at <= from + span;
    charts.style.setProperty("--seen", seen ? "visible" : "hidden");
    const now = one(".now");
    now.hidden = !seen;
    if (at === null) return;
    charts.style.setProperty("--at", at);
    now.style.setProperty("--x", at);
    now.textContent = clock(at);
    one("#moment").textContent = clock(at);
    one("#pinned").textContent = at === pinned ? "pinned" : "";
    const place = before(data.at, at);
    for (const cell of all("[data-value]")) {
      const value = place < 0 ? null : data[cell.dataset.value][place];
      cell.textContent = number(value) + (value === null || !cell.dataset.unit ? "" : ` ${cell.dataset.unit}`);
    }
    for (const dot of all("[data-dot]")) {
      const value = place < 0 ? null : data[dot.dataset.dot][place];
      dot.hidden = value === null;
      const share = value / Number(dot.parentElement.dataset.top);
      dot.style.setProperty("--y", Math.min(1, Math.max(0, share)));
    }
    record(data.syncs[before(syncTimes, at)]);
    const row = before(rowTimes, at);
    rows.forEach((link, index) => link.closest("tr").classList.toggle("now", index === row));
    marks.forEach((mark) => mark.classList.toggle("held", moment(mark) === at));
    one("#previous").disabled = neighbour(-1) === undefined;
    one("#next").disabled = neighbour(1) === undefined;
  }

  function record(sync) {
    const box = one("#record");
    const verdict = one("#verdict");
    if (box.sync === sync && verdict.hasChildNodes()) return;
    box.sync = sync;
    verdict.className = "verdict";
    box.replaceChildren();
    verdict.replaceChildren();
    const add = (tag, text, parent = box) => {
      const element = document.createElement(tag);
      element.textContent = text;
      parent.append(element);
      return element;
    };
    const list = (tag, title, words) => {
      if (words.length === 0) return null;
      add("h4", title);
      const element = add(tag, "");
      words.forEach((word) => add("li", word, element));
      return element;
    };
    if (!sync) {
      add("p", "No sync yet.", verdict);
      return;
    }
    const change = sync.from === sync.to ? `held at ${plural(sync.to, data.replica)}` : `${sync.from} → ${plural(sync.to, data.replica)}`;
    if (sync.to !== sync.from) verdict.classList.add(sync.to > sync.from ? "up" : "down");
    add("h3", `Sync at ${clock(sync.at_s)}: ${change}`, verdict);
    add("p", sync.reason, verdict).className = "why";
    const readings = sync.readings.map(
      ({ metric, read, asks }) => `${metric.replaceAll("_", " ")} ${read}\u00a0→\u00a0${asks ?? "–"}`,
    );
    list("ul", "Read", readings);
    add("h4", "Asked together");
    add("p", sync.asked === null ? "nothing computed" : plural(sync.asked, data.replica));
    list("ol", "Steps", sync.steps);
    const conditions = list("ul", "Conditions", sync.conditions);
    if (conditions) conditions.className = "conditions";
    add("h4", "Time alone can change this");
    add("p", sync.revisit_at_s === null ? "no: only a new observation" : `at ${clock(sync.revisit_at_s)}`);
  }

  // --- zoom ---------------------------------------------------------------------------------------------------------

  function zoom(start, length) {
    span = Math.min(data.span, Math.max(Math.min(60, data.span), length));
    from = Math.min(data.span - span, Math.max(0, start));
    charts.style.setProperty("--from", from);
    charts.style.setProperty("--span", span);
    for (const field of fields) field.querySelector("svg").setAttribute("viewBox", `${from} 0 ${span} 1000`);
    for (const mark of marks) mark.classList.toggle("away", moment(mark) < from || moment(mark) > from + span);
    one("#range").textContent = `${clock(from)} to ${clock(from + span)}`;
    one("#out").disabled = one("#whole").disabled = span >= data.span;
    one("#in").disabled = span <= Math.min(60, data.span);
    ticks();
    show(shown);
  }

  function ticks() {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
    const days = Math.ceil(span / 8 / 86400) * 86400;
    const step = steps.find((length) => span / length <= 8) ?? days;
    const box = one(".times");
    box.querySelectorAll("span").forEach((old) => old.remove());
    for (let at = Math.ceil(from / step) * step; at <= from + span; at += step) {
      const tick = document.createElement("span");
      tick.textContent = clock(at);
      tick.style.setProperty("--x", at);
      box.insertBefore(tick, one(".now"));
    }
  }

  const centre = () => (shown !== null && shown >= from && shown <= from + span ? shown : from + span / 2);
  // The centre keeps its place on the screen.
  const scale = (factor) => zoom(centre() - (centre() - from) * factor, span * factor);
  const whole = () => zoom(0, data.span);

  // --- going to a moment --------------------------------------------------------------------------------------------

  const moment = (mark) => Number(mark.hash.slice(3));
  const neighbour = (step) => {
    const at = shown ?? -1;
    return step > 0 ? scalings.find((scaling) => scaling > at) : scalings.findLast((scaling) => scaling < at);
  };

  function pin(at) {
    pinned = at;
    if (at < from || at > from + span) zoom(at - span / 2, span);
    show(at);
    const sync = data.syncs[before(syncTimes, at)];
    one("#status").textContent = sync ? `${clock(at)}: ${sync.from} to ${sync.to}. ${sync.reason}` : clock(at);
  }

  function go(step, focus) {
    const at = neighbour(step);
    if (at === undefined) return;
    pin(at);
    if (focus) marks.find((mark) => moment(mark) === at)?.focus({ preventScroll: true });
  }

  function follow() {
    const at = Number(/^#t=(\d+)$/.exec(location.hash)?.[1] ?? NaN);
    if (Number.isNaN(at)) return false;
    pin(Math.min(at, data.span));
    return true;
  }

  // --- pointer and keys ---------------------------------------------------------------------------------------------

  const momentAt = (field, event) => {
    const box = field.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.round(from + share * span);
  };

  for (const field of fields) {
    let start = null;
    let band = null;
    const stop = () => {
      band?.remove();
      start = band = null;
    };
    field.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = { x: event.clientX, at: momentAt(field, event) };
      field.setPointerCapture(event.pointerId);
      if (event.pointerType !== "mouse") show(start.at);
    });
    field.addEventListener("pointermove", (event) => {
      const at = momentAt(field, event);
      show(at);
      if (!start || event.pointerType !== "mouse" || Math.abs(event.clientX - start.x) < 8) return;
      if (!band) {
        band = document.createElement("div");
        band.className = "drag";
        field.append(band);
      }
      const [low, high] = [Math.min(at, start.at), Math.max(at, start.at)];
      band.style.left = `${((low - from) / span) * 100}%`;
      band.style.width = `${((high - low) / span) * 100}%`;
    });
    field.addEventListener("pointerup", (event) => {
      if (!start) return;
      const at = momentAt(field, event);
      if (band) zoom(Math.min(at, start.at), Math.abs(at - start.at));
      else pin(at);
      stop();
    });
    field.addEventListener("pointercancel", stop);
    field.addEventListener("pointerleave", () => show(pinned));
    field.addEventListener("dblclick", whole);
  }

  for (const link of [...marks, ...rows]) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", link.hash);
      pin(Number(link.hash.slice(3)));
      if (rows.includes(link)) charts.scrollIntoView({ block: "start" });
    });
  }
  for (const mark of marks) mark.addEventListener("focus", () => pin(moment(mark)));

  charts.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onMark = event.target.classList.contains("mark");
    const act = {
      ArrowLeft: () => go(-1, onMark),
      ArrowRight: () => go(1, onMark),
      "+": () => scale(0.5),
      "-": () => scale(2),
      0: whole,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  one("#previous").addEventListener("click", () => go(-1, false));
  one("#next").addEventListener("click", () => go(1, false));
  one("#in").addEventListener("click", () => scale(0.5));
  one("#out").addEventListener("click", () => scale(2));
  one("#whole").addEventListener("click", whole);
  window.addEventListener("hashchange", follow);

  for (const part of [".zoom", ".panel", ".hint"]) one(part).hidden = false;
  one(".board").classList.add("live");
  whole();
  if (!follow()) pin(scalings[0] ?? data.at[0] ?? 0);
})();
