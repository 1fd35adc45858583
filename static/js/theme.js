// Changes the theme without a reload. Without JavaScript, the server sets the same cookie.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  const theme = form && event.submitter && event.submitter.value;
  if (!theme) return;
  event.preventDefault();
  document.cookie = `logsui_theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  form.closest("details").open = false;
});
