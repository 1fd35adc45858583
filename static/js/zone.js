// Sends the viewer's time zone to the server in a cookie: from the next page on, times are in this zone.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `logsui_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
})();
