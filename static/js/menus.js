// Menus and notices close, dialogs open: on a click outside, on Escape, by their buttons.
(() => {
  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      for (const menu of openMenus()) menu.open = false;
      document.getElementById(opener.dataset.opens)?.showModal();
    }
    event.target.closest("[data-close]")?.closest(".toast, .notice")?.remove();
    // The veil of a dialog is the dialog itself as the target of the click.
    if (event.target.matches("dialog.dialog")) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
