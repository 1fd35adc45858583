// Copy buttons: data-copy is the text, data-copy-from the id of the element that holds it, data-copy-url its address.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-url]");
  if (!button) return;
  if (button.dataset.copyUrl) event.preventDefault();
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  let text = source ? source.textContent : button.dataset.copy;
  let copied = true;
  try {
    if (button.dataset.copyUrl) text = await fetched(button.dataset.copyUrl);
    await navigator.clipboard.writeText(text);
  } catch {
    if (text === undefined) return location.assign(button.dataset.copyUrl);
    // Browsers offer the clipboard only over https and on localhost, not over http in a local network.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "vh";
    (button.closest("dialog") || document.body).append(area);
    area.select();
    copied = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.dataset.state = copied ? "copied" : "failed";
  const status = document.getElementById("copy-status");
  if (status) status.textContent = copied ? "Copied" : "Not copied. Select the text and copy it.";
  setTimeout(() => delete button.dataset.state, 1500);
});

async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}
