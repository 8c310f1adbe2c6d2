// The countdown of a week, counted in the browser: the server says how many seconds are left.
window.jitDeadline = null;
window.jitCount = function (seconds) {
  window.jitDeadline = seconds === null ? null : performance.now() + 1000 * seconds;
};
setInterval(function () {
  const left = window.jitDeadline === null ? null : Math.ceil((window.jitDeadline - performance.now()) / 1000);
  const words = left === null ? "" : Math.max(0, left) + " s left";
  document.querySelectorAll("[data-countdown]").forEach(function (it) {
    if (it.textContent !== words) it.textContent = words;
  });
}, 250);
