// Sends the event `tick` to the body every 2 seconds while the page is visible. Elements that poll listen to it:
// hx-trigger="tick from:body". (htmx's own filters of triggers need eval, which the Content-Security-Policy forbids.)
(() => {
  let count = 0;
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    document.body.dispatchEvent(new Event("tick"));
    if (++count % 5 === 0) document.body.dispatchEvent(new Event("slow-tick"));
  }, 2000);
})();
