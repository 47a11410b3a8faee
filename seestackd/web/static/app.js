// What makes the pages quicker to use. Without it they work all the same.
(function () {
  "use strict";
  var root = document.documentElement;
  var base = root.dataset.base || "";

  function seconds(ms) {
    if (ms < 60000) return Math.floor(ms / 1000) + " s";
    if (ms < 3600000) return Math.floor(ms / 60000) + " min";
    if (ms < 36000000) {
      var hours = Math.floor(ms / 3600000), minutes = Math.floor(ms / 60000) % 60;
      return minutes ? hours + " h " + String(minutes).padStart(2, "0") + " min" : hours + " h";
    }
    if (ms < 172800000) return Math.floor(ms / 3600000) + " h";
    return Math.floor(ms / 86400000) + " d";
  }

  function tellAges() {
    var now = Date.now();
    document.querySelectorAll("time[data-ago]").forEach(function (time) {
      var at = Date.parse(time.dateTime), apart = Math.abs(now - at);
      var text = apart < 1000 ? "now" : at < now ? seconds(apart) + " ago" : "in " + seconds(apart);
      if (time.textContent !== text) time.textContent = text;
    });
  }

  // The server writes times in this zone when the visitor asks for it.
  function tellZone() {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && document.cookie.indexOf("seestackd_zone=" + zone) < 0) {
      document.cookie = "seestackd_zone=" + zone + ";path=/;max-age=31536000;samesite=lax";
    }
  }

  // Rows that a live list sends: each takes the place of the row with its id.
  function putRows(html) {
    var sent = document.createElement("template");
    sent.innerHTML = "<table><tbody>" + html + "</tbody></table>";
    var body = document.getElementById("rows"), unknown = false;
    sent.content.querySelectorAll("tr[id]").forEach(function (row) {
      var old = document.getElementById(row.id);
      if (!old) { unknown = true; return; }
      if (old.classList.contains("chosen")) row.classList.add("chosen");
      if (old.dataset.state !== row.dataset.state) row.classList.add("flash");
      var focus = old.contains(document.activeElement);
      old.replaceWith(row);
      if (focus) { var link = row.querySelector("a"); if (link) link.focus(); }
    });
    var summary = sent.content.querySelector("tr[data-summary]");
    if (summary) putSummary(summary.dataset);
    if (unknown) refresh(body); else sort(body);
    tellAges();
  }

  function sort(body) {
    var rows = Array.from(body.rows);
    var sorted = rows.slice().sort(function (a, b) { return a.dataset.order < b.dataset.order ? -1 : a.dataset.order > b.dataset.order ? 1 : 0; });
    for (var i = 0; i < rows.length; i++) if (rows[i] !== sorted[i]) { body.append.apply(body, sorted); return; }
  }

  function putSummary(data) {
    document.title = data.title;
    var icon = document.getElementById("favicon");
    if (icon && icon.getAttribute("href") !== data.icon) icon.setAttribute("href", data.icon);
    var counts = document.getElementById("counts");
    if (counts) counts.textContent = data.summary;
  }

  function refresh(element) { if (element && window.htmx) window.htmx.trigger(element, "refresh"); }

  // When the stream does not come, ask now and then.
  var polling = null;
  function poll() {
    if (polling) return;
    tellPulse("asking every 15 s");
    polling = setInterval(function () { document.querySelectorAll("[data-live]").forEach(refresh); }, 15000);
  }
  function tellPulse(text) { var pulse = document.getElementById("pulse"); if (pulse) pulse.textContent = text; }

  document.addEventListener("htmx:sseOpen", function () {
    if (polling) { clearInterval(polling); polling = null; document.querySelectorAll("[data-live]").forEach(refresh); }
    tellPulse("live");
  });
  document.addEventListener("htmx:sseError", poll);
  // The login has ended: whoever looks at the page comes to the form, and back.
  document.addEventListener("htmx:responseError", function (event) { if (event.detail.xhr.status === 401) location.reload(); });
  document.addEventListener("htmx:sseBeforeMessage", function (event) {
    if (event.detail.type === "rows") { event.preventDefault(); putRows(event.detail.data); }
  });
  document.addEventListener("htmx:afterSettle", function () { tellAges(); if (chosen !== null) mark(); });

  // Keys, in the manner of feed readers; off when the visitor says so. A row is one that leads somewhere, and it stays
  // chosen when a live list is drawn anew.
  var chord = "", chosen = null;
  function rows() { return Array.from(document.querySelectorAll("main tbody tr")).filter(way); }
  function way(row) { return row.querySelector("a[href]"); }
  function mark() { rows().forEach(function (row) { row.classList.toggle("chosen", chosen !== null && way(row).getAttribute("href") === chosen); }); }
  function move(step) {
    var all = rows(), at = all.findIndex(function (row) { return row.classList.contains("chosen"); });
    var to = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
    if (!to) return;
    all.forEach(function (row) { row.classList.toggle("chosen", row === to); });
    chosen = way(to).getAttribute("href");
    to.scrollIntoView({ block: "nearest" });
  }
  function focusSearch() { var search = document.getElementById("search"); if (search) { search.focus(); search.select(); } }
  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") { event.preventDefault(); focusSearch(); return; }
    if (document.body.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest && event.target.closest("input, textarea, select, dialog")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (chord === "g") {
      chord = "";
      var link = document.querySelector('[data-key="g' + event.key + '"]');
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    var row = document.querySelector("tr.chosen a[href]");
    switch (event.key) {
      case "/": event.preventDefault(); focusSearch(); break;
      case "j": move(1); break;
      case "k": move(-1); break;
      case "g": chord = "g"; setTimeout(function () { chord = ""; }, 1500); break;
      case "?": document.getElementById("help").showModal(); break;
      case "Enter": if (row && event.target.tagName !== "A" && event.target.tagName !== "BUTTON" && event.target.tagName !== "SUMMARY") row.click(); break;
    }
  });
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    var copy = event.target.closest && event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent).then(function () { copy.textContent = "Copied"; });
  });

  // What a slot or a tick was, under the pointer or the finger. Slots are asked for once per bar; ticks know their time.
  var tip = null, words = { ok: "Ok", late: "Late", missed: "Missed", failed: "Failed", hung: "Hung", running: "Running", paused: "Skipped", unknown: "Unknown" };
  function showTip(text, event) {
    if (!tip) { tip = document.createElement("div"); tip.className = "tip"; tip.setAttribute("role", "tooltip"); document.body.append(tip); }
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.left = Math.max(4, Math.min(event.clientX + 10, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18) + "px";
  }
  function share(svg, event) { var box = svg.getBoundingClientRect(); return Math.max(0, Math.min(.9999, (event.clientX - box.left) / box.width)); }
  function tellSlot(svg, event) {
    if (!svg.slots) {
      var row = svg.closest("tr"), link = row && row.querySelector("a.name"), parts = link && link.getAttribute("href").split("?");
      if (!link) return;
      svg.slots = [];
      fetch(parts[0] + "/tip" + (parts[1] ? "?" + parts[1] : "")).then(function (answer) { return answer.ok ? answer.json() : []; })
        .then(function (told) { svg.slots = told; if (svg.isConnected) tellSlot(svg, event); }, function () { svg.slots = null; });
    }
    var all = 30;
    showTip(svg.slots[Math.floor(share(svg, event) * all) - all + svg.slots.length], event);
  }
  function tellTick(svg, event) {
    var look = /(?:^| )[bt]-(\w+)/.exec(event.target.getAttribute("class") || ""), data = svg.closest(".lanes").dataset;
    if (!look) return showTip("", event);
    var at = new Date(+data.since + share(svg, event) * (data.until - data.since));
    var format = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: data.zone, timeZoneName: "short" };
    showTip(words[look[1]] + " · " + at.toLocaleString("en-GB", format), event);
  }
  function point(event) {
    var at = event.target, svg = at.closest && at.closest("svg.bar, svg.lane");
    // Between its shapes a picture lets the pointer through to its cell.
    if (!svg && at.localName === "td") svg = at.querySelector("svg.bar");
    var box = svg && svg.getBoundingClientRect();
    if (!svg || event.clientX < box.left || event.clientX > box.right) { if (tip) tip.hidden = true; return; }
    if (svg.classList.contains("bar")) tellSlot(svg, event); else tellTick(svg, event);
  }
  document.addEventListener("pointermove", point, { passive: true });
  document.addEventListener("pointerdown", point, { passive: true });

  tellZone();
  tellAges();
  setInterval(tellAges, 5000);
}());
