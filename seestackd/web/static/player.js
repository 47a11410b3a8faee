// Plays a recorded session over its table of events. Recorded content is hostile: it becomes text nodes and numbers only.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const source = byId("session-data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  if (!data.events.length) return;

  const SVG = "http://www.w3.org/2000/svg";
  const IDLE = 3000, KEPT = 500, COLUMNS = 600, RING = 700;
  const AT = 0, LANE = 1, FAILED = 2, X = 3, Y = 4, CLICK = 5;
  const player = byId("player"), seek = byId("seek"), idle = byId("idle"), play = byId("play");
  const screen = byId("screen"), rows = byId("events").tBodies[0].rows;
  const shapes = document.createElementNS(SVG, "svg");
  let now = 0, running = false, last = 0, drawn = null, lit = null, cursor = null, ring = null;

  // With idle time skipped a pause of any length takes half a second: `stops` maps played time to the session's time.
  let stops = [];
  function measure() {
    stops = [[0, 0]];
    let played = 0;
    for (let i = 1; i < data.events.length; i++) {
      const gap = data.events[i][AT] - data.events[i - 1][AT];
      played += idle.checked && gap > IDLE ? KEPT : gap;
      if (gap) stops.push([played, data.events[i][AT]]);
    }
  }
  const total = () => Math.max(stops[stops.length - 1][0], 1);
  function between(value, from, to) {
    let low = 0, high = stops.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (stops[middle][from] <= value) low = middle; else high = middle - 1;
    }
    if (low === stops.length - 1) return stops[low][to];
    const a = stops[low], b = stops[low + 1];
    return a[to] + (b[to] - a[to]) * Math.max(0, value - a[from]) / ((b[from] - a[from]) || 1);
  }
  const played = (at) => between(at, 1, 0);
  const recorded = (at) => between(at, 0, 1);

  function shown(ms) {
    const tenths = Math.floor(ms / 100);
    return Math.floor(tenths / 600) + ":" + String(Math.floor(tenths / 10) % 60).padStart(2, "0") + "." + tenths % 10;
  }

  function drawLanes() {
    for (const track of document.querySelectorAll(".track")) {
      const lane = Number(track.dataset.lane), seen = new Map();
      for (const event of data.events) {
        if (event[LANE] !== lane) continue;
        const column = Math.round(COLUMNS * played(event[AT]) / total());
        seen.set(column, Math.max(seen.get(column) || 0, event[FAILED]));
      }
      const marks = [];
      for (const [column, failed] of seen) {
        const mark = document.createElement("i");
        mark.style.left = 100 * column / COLUMNS + "%";
        if (failed) mark.className = "failed";
        marks.push(mark);
      }
      const line = document.createElement("b");
      track.replaceChildren(...marks, line);
    }
  }

  function shape(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, String(attributes[key]));
    if (text) made.textContent = text;
    return made;
  }

  function drawLayout(layout) {
    drawn = layout;
    byId("stage").classList.add("drawn");
    shapes.setAttribute("viewBox", "0 0 " + layout.width + " " + layout.height);
    const made = [];
    for (const [x, y, width, height, tag, text] of layout.boxes) {
      const look = /^(input|textarea|select)$/.test(tag) ? " field" : tag === "button" ? " press" : "";
      made.push(shape("rect", { x, y, width, height, rx: 3, class: "box" + look }));
      if (text) {
        const size = Math.max(9, Math.min(height * 0.6, 18));
        const most = Math.max(1, Math.floor(width / (size * 0.5)));
        made.push(shape("text", { x: x + 5, y: y + Math.min(height, size * 1.6) / 2 + size * 0.36, "font-size": size },
          text.length > most ? text.slice(0, most - 1) + "…" : text));
      }
    }
    ring = shape("circle", { r: 0, class: "ring" });
    const big = layout.width / 1000;
    cursor = shape("path", { d: "M0 0v17l4.5-4 3 6.500 3-1.400-3-6.300h6z", class: "cursor" });
    cursor.dataset.scale = String(Math.max(1, big * 1.3));
    shapes.replaceChildren(...made, ring, cursor);
  }

  function drawScreen(index) {
    let layout = null;
    for (const each of data.layouts) if (each.at <= now) layout = each;
    layout = layout || data.layouts[0];
    if (!layout) return;
    if (layout !== drawn) drawLayout(layout);
    let changes = 0;
    for (const at of data.changes) if (at > layout.at && at <= now) changes++;
    byId("age").textContent = "Layout as of " + (layout.at / 1000).toFixed(1) + " s, " + changes + " DOM change"
      + (changes === 1 ? "" : "s") + " since";
    let place = null, click = null;
    for (let i = index; i >= 0 && i > index - 2000 && !(place && click); i--) {
      const event = data.events[i];
      if (event[X] === null || event[Y] === null) continue;
      place = place || event;
      if (event[CLICK]) click = click || event;
    }
    cursor.setAttribute("visibility", place ? "visible" : "hidden");
    if (place) cursor.setAttribute("transform", "translate(" + place[X] + " " + place[Y] + ") scale(" + cursor.dataset.scale + ")");
    const since = click ? now - click[AT] : RING;
    ring.setAttribute("r", since < RING ? String((8 + 22 * since / RING) * Number(cursor.dataset.scale)) : "0");
    if (since < RING) { ring.setAttribute("cx", String(click[X])); ring.setAttribute("cy", String(click[Y])); }
  }

  function indexAt(at) {
    let low = 0, high = data.events.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (data.events[middle][AT] <= at + 0.5) low = middle; else high = middle - 1;
    }
    // Of those at one moment an error is what somebody looks for.
    for (let i = low; i >= 0 && data.events[i][AT] === data.events[low][AT]; i--) if (data.events[i][FAILED]) return i;
    return low;
  }

  function show(follow) {
    const index = indexAt(now), share = played(now) / total();
    seek.value = String(Math.round(share * 1000));
    seek.setAttribute("aria-valuetext", shown(now));
    byId("clock").textContent = shown(now) + " / " + shown(data.length);
    byId("here").href = "#t=" + (now / 1000).toFixed(3);
    for (const line of document.querySelectorAll(".track b")) line.style.left = 100 * share + "%";
    drawScreen(index);
    const row = rows[index];
    if (row && row !== lit) {
      if (lit) lit.classList.remove("now");
      row.classList.add("now");
      lit = row;
      const address = row.querySelector("details small");
      if (address) byId("address").textContent = address.textContent;
      const list = row.closest(".happened");
      if (follow && list.scrollHeight > list.clientHeight) list.scrollTop = row.offsetTop - list.clientHeight / 2;
    }
  }

  function go(at, follow = true) {
    now = Math.min(Math.max(at, 0), data.length);
    show(follow);
  }

  function setRunning(on) {
    running = on;
    play.textContent = on ? "❚❚ Pause" : "▶ Play";
    play.setAttribute("aria-label", on ? "Pause" : "Play");
    if (on) { last = performance.now(); requestAnimationFrame(step); }
  }

  function step(time) {
    if (!running) return;
    const next = played(now) + Math.max(0, time - last) * Number(byId("speed").value);
    last = time;
    if (next >= total()) { go(data.length); setRunning(false); return; }
    go(recorded(next));
    requestAnimationFrame(step);
  }

  play.addEventListener("click", () => {
    if (!running && now >= data.length) go(0);
    setRunning(!running);
  });
  seek.addEventListener("input", () => { setRunning(false); go(recorded(total() * Number(seek.value) / 1000)); });
  idle.addEventListener("change", () => { measure(); drawLanes(); show(true); });
  byId("next-error").addEventListener("click", () => {
    const errors = data.events.filter((event) => event[FAILED]);
    const next = errors.find((event) => event[AT] > now + 0.5) || errors[0];
    if (next) { setRunning(false); go(next[AT]); }
  });
  function fromAddress() {
    const match = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (match) { setRunning(false); go(Number(match[1]) * 1000); }
    return Boolean(match);
  }
  window.addEventListener("hashchange", fromAddress);

  screen.append(shapes);
  player.hidden = false;
  measure();
  drawLanes();
  if (!fromAddress()) show(false);
})();
