// Menus close on a click outside and on Escape. Buttons close notices and open dialogs.
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
    // A click on the backdrop of a dialog has the dialog itself as its target.
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
