// Tells the server the viewer's time zone, so that the next page shows times in it.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `logsui_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
})();
