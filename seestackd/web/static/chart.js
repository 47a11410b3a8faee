// The chart of durations: drawn over the picture that the server made.
(function () {
  "use strict";
  function took(ms) {
    if (ms < 1000) return ms + " ms";
    if (ms < 60000) return (ms / 1000).toFixed(ms < 10000 ? 1 : 0) + " s";
    if (ms < 3600000) return Math.floor(ms / 60000) + " m " + String(Math.floor(ms / 1000) % 60).padStart(2, "0") + " s";
    return Math.floor(ms / 3600000) + " h " + String(Math.floor(ms / 60000) % 60).padStart(2, "0") + " min";
  }
  function moment(at) {
    var date = new Date(at * 1000), hours = date.getHours(), minutes = date.getMinutes();
    if (hours || minutes) return String(hours).padStart(2, "0") + ":" + String(minutes).padStart(2, "0");
    return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  }
  function draw(place) {
    var data = JSON.parse(place.dataset.numbers), style = getComputedStyle(document.documentElement);
    var colour = function (name) { return style.getPropertyValue("--" + name).trim(); };
    place.replaceChildren();
    var chart = new window.uPlot({
      width: place.clientWidth, height: 240, cursor: { y: false },
      scales: { x: { time: true }, y: { range: function (u, low, high) { return [0, high * 1.1 || 1]; } } },
      axes: [
        { stroke: colour("dim"), grid: { show: false }, ticks: { show: false }, values: function (u, marks) { return marks.map(moment); } },
        { stroke: colour("dim"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, size: 72,
          values: function (u, marks) { return marks.map(took); } }
      ],
      series: [
        { label: "Run", value: function (u, at) { return at == null ? "–" : new Date(at * 1000).toLocaleString("en-GB"); } },
        { label: "Ok", stroke: colour("ok"), width: 1.5, points: { show: true, size: 5, fill: colour("ok") }, value: function (u, v) { return v == null ? "–" : took(v); } },
        { label: "Failed", stroke: colour("failed"), paths: function () { return null; }, points: { show: true, size: 9, fill: colour("failed") }, value: function (u, v) { return v == null ? "–" : took(v); } }
      ],
      hooks: { drawClear: [function (u) {
        if (!data.usual) return;
        var low = u.valToPos(data.usual[0], "y", true), high = u.valToPos(data.usual[1], "y", true);
        u.ctx.save();
        u.ctx.globalAlpha = 0.12;
        u.ctx.fillStyle = colour("ok");
        u.ctx.fillRect(u.bbox.left, high, u.bbox.width, Math.max(1, low - high));
        u.ctx.restore();
      }] }
    }, [data.at, data.ms.map(function (ms, i) { return data.ok[i] ? ms : null; }), data.ms.map(function (ms, i) { return data.ok[i] ? null : ms; })], place);
    return chart;
  }
  var place = document.getElementById("durations"), chart = null;
  if (place && window.uPlot) {
    chart = draw(place);
    new ResizeObserver(function () { if (place.clientWidth) chart.setSize({ width: place.clientWidth, height: 240 }); }).observe(place);
  }
}());
