// The charts of HTTP requests: drawn over the pictures that the server made.
(function () {
  "use strict";
  if (!window.uPlot) return;
  var data, style;
  function colour(name) { return style.getPropertyValue("--" + name).trim(); }
  function took(ms) {
    if (ms < 1000) return Math.round(ms) + " ms";
    if (ms < 60000) return (ms / 1000).toFixed(ms < 10000 ? 1 : 0) + " s";
    return ms < 3600000 ? Math.round(ms / 60000) + " min" : (ms / 3600000).toFixed(1) + " h";
  }
  function rate(value) { return value >= 10 || value === Math.round(value) ? Math.round(value).toLocaleString("en") : value.toFixed(value < 0.1 ? 2 : 1); }
  function moment(at) {
    var date = new Date(at * 1000), hours = date.getHours(), minutes = date.getMinutes();
    if (hours || minutes) return String(hours).padStart(2, "0") + ":" + String(minutes).padStart(2, "0");
    return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  }
  var begun = { label: "From", value: function (u, at) { return at == null ? "–" : new Date(at * 1000).toLocaleString("en-GB"); } };
  function across() { return { stroke: colour("dim"), grid: { show: false }, ticks: { show: false }, size: 28, values: function (u, marks) { return marks.map(moment); } }; }
  function up(say) { return { stroke: colour("dim"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, size: 56, values: function (u, marks) { return marks.map(function (mark) { return mark == null ? null : say(mark); }); } }; }

  // Columns stand on each other: every class is drawn with those below it, the highest first.
  function rates() {
    var looks = { server_errors: "failed", silent: "bg", client_errors: "missed", redirected: "running", ok: "ok" };
    var sums = data.at.map(function () { return 0; });
    var stacked = data.classes.map(function (one) {
      sums = sums.map(function (sum, i) { return sum + one.counts[i] / data.minutes; });
      return { one: one, tops: sums };
    }).reverse();
    var columns = window.uPlot.paths.bars({ size: [0.8, 60], align: 1 });
    return {
      scales: { y: { range: function (u, low, high) { return [0, high * 1.05 || 1]; } } },
      axes: [across(), up(rate)],
      series: [begun].concat(stacked.map(function (each) {
        return {
          label: each.one.word, fill: colour(looks[each.one.field]), stroke: colour(each.one.field === "silent" ? "failed" : looks[each.one.field]),
          width: each.one.field === "silent" ? 1 : 0, paths: columns, points: { show: false },
          value: function (u, v, series, i) { return i == null ? "–" : each.one.counts[i].toLocaleString("en"); }
        };
      })),
      columns: stacked.map(function (each) { return each.tops; })
    };
  }
  function latencies() {
    function line(name, look, dash) {
      return { label: name, stroke: colour(look), width: 1.6, dash: dash, points: { show: true, size: 4, fill: colour(look) },
        value: function (u, v, series, i) { return i == null || v == null ? "–" : took(data[name][i]) + " of " + data.counts[i].toLocaleString("en"); } };
    }
    function least(values) { return values.map(function (ms) { return ms == null ? null : Math.max(1, ms); }); }
    return {
      scales: { y: { distr: 3 } }, axes: [across(), up(took)],
      series: [begun, line("p95", "missed", [5, 2.5]), line("p50", "ok")],
      columns: [least(data.p95), least(data.p50)]
    };
  }
  function draw(id, chart) {
    var place = document.getElementById(id);
    if (!place) return;
    var label = place.querySelector(".area");
    place.className = "drawn";
    place.setAttribute("role", "group");
    if (label) place.setAttribute("aria-label", label.getAttribute("aria-label"));
    place.replaceChildren();
    chart.scales.x = { time: true };
    var drawn = new window.uPlot({
      width: place.clientWidth, height: 190, cursor: { y: false, sync: { key: "traffic" } },
      scales: chart.scales, axes: chart.axes, series: chart.series
    }, [data.at].concat(chart.columns), place);
    new ResizeObserver(function () { if (place.clientWidth) drawn.setSize({ width: place.clientWidth, height: 190 }); }).observe(place);
  }
  function show() {
    var source = document.getElementById("traffic");
    if (!source || source.dataset.drawn) return;
    source.dataset.drawn = "yes";
    data = JSON.parse(source.dataset.numbers);
    style = getComputedStyle(document.documentElement);
    draw("rates", rates());
    draw("latencies", latencies());
  }
  show();
  // The page is live: what came meanwhile brings pictures of its own.
  document.addEventListener("htmx:afterSettle", show);
}());
