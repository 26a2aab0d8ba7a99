"use strict";
// A form with data-passkey makes a passkey or logs in with one: asks the server what to hand to the device, and brings back its answer.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const alert = form.querySelector("[role=alert]");
    alert.hidden = true;
    try {
      await passkey(form);
    } catch {
      alert.hidden = false;
    }
  });
}

async function passkey(form) {
  const path = form.dataset.passkey, making = path.startsWith("/me");
  const ask = async (url, body) => {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-Token": form.elements.token?.value ?? "", "Content-Type": "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };
  const begun = await ask(making ? path + "/begin" : path);
  const key = begun.options.publicKey;
  const credential = making
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(key) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(key) });
  const query = new URLSearchParams({ ceremony: begun.ceremony, name: form.elements.name?.value ?? "" });
  const done = await ask(path + "/finish?" + query, JSON.stringify(credential));
  location.assign(done.next);
}
