// What the test of Thunderbird asks of it, within its main window. Each action gives text, or nothing.
const flags = Ci.nsMsgFolderFlags;
const server = MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "imap");
const pane = () => document.getElementById("tabmail").currentAbout3Pane;
const folder = name => server.rootFolder.subFolders.find(f => f.name == name);
const hub = () => document.querySelector("account-hub-container")?.shadowRoot.querySelector("account-hub-email");
const composer = () => Services.wm.getMostRecentWindow("msgcompose");
const instance = (contract, type) => Cc[contract].createInstance(type);

const actions = {
  // trust adds a certificate authority, as an administrator does.
  trust(certificate) {
    const certs = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
    certs.addCertFromBase64(certificate, "CT,CT,CT");
  },

  // note begins to write down which pages are fetched.
  note() {
    window.fetched = [];
    const observer = subject => {
      const page = subject.QueryInterface(Ci.nsIHttpChannel);
      window.fetched.push(page.responseStatus + " " + page.URI.prePath + page.URI.filePath);
    };
    Services.obs.addObserver(observer, "http-on-examine-response");
  },

  fetched() {
    return window.fetched.join("\n");
  },

  // addAccount is the menu item for a new mail account.
  addAccount() {
    window.openAccountHub("MAIL");
  },

  // step is which part of the dialog is open.
  step() {
    if (!hub()?.closest("dialog")?.open) {
      return "closed";
    }
    return [...hub().querySelectorAll('[id$="Subview"]')].find(s => !s.hidden)?.id;
  },

  // type puts a text into a field of the open part.
  type(id, text) {
    const field = hub().querySelector("#" + actions.step() + " #" + id);
    field.value = text;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  },

  // goOn presses the button that leads to the next part.
  goOn() {
    hub().querySelector("account-hub-footer #forward").click();
  },

  // settings tells how the account is set up.
  settings() {
    const out = MailServices.outgoingServer.defaultServer.QueryInterface(Ci.nsISmtpServer);
    const tls = s => (s.socketType == Ci.nsMsgSocketType.SSL ? "TLS" : "other");
    return `imap ${server.hostname ?? server.hostName}:${server.port} ${tls(server)} ${server.username}, smtp ${out.hostname}:${out.port} ${tls(out)} ${out.username}`;
  },

  // show opens a folder in the message list.
  show(name) {
    pane().displayFolder(folder(name).URI);
  },

  // folders lists them with their uses.
  folders() {
    const uses = ["Archive", "Drafts", "Junk", "SentMail", "Trash"];
    const all = server.rootFolder.subFolders.map(f => [f.name, ...uses.filter(u => f.flags & flags[u])].join("+"));
    return all.sort((a, b) => (b == "INBOX") - (a == "INBOX") || a.localeCompare(b)).join(" ");
  },

  // rows is how many messages the message list has.
  rows() {
    return pane().gDBView ? pane().gDBView.rowCount : "no list";
  },

  // open selects a message in the list, which shows it.
  open(row) {
    pane().threadTree.selectedIndex = Number(row);
  },

  // text is what the message window shows.
  text() {
    const body = document.getElementById("tabmail").currentAboutMessage?.getMessagePaneBrowser().contentDocument.body;
    return body ? body.textContent : "";
  },

  // command is a menu item for the selected message.
  command(name) {
    pane().commandController.doCommand(name);
  },

  flagged() {
    return [...folder("INBOX").messages].filter(m => m.isFlagged).length;
  },

  // compose opens the composer with a mail in it.
  compose(to, subject, body) {
    const fields = instance("@mozilla.org/messengercompose/composefields;1", Ci.nsIMsgCompFields);
    Object.assign(fields, { to, subject, body });
    const params = instance("@mozilla.org/messengercompose/composeparams;1", Ci.nsIMsgComposeParams);
    Object.assign(params, {
      composeFields: fields,
      type: Ci.nsIMsgCompType.New,
      format: Ci.nsIMsgCompFormat.PlainText,
      identity: MailServices.accounts.allIdentities[0],
    });
    MailServices.compose.OpenComposeWindowWithParams(null, params);
  },

  composing() {
    return composer() ? (composer().composeEditorReady ? "ready" : "opening") : "closed";
  },

  send() {
    composer().goDoCommand("cmd_sendNow");
  },

  create(name) {
    server.rootFolder.createSubfolder(name, msgWindow);
  },

  // move drops a message of the list on a folder.
  move(row, to) {
    const view = pane().gDBView;
    const message = view.getMsgHdrAt(Number(row));
    MailServices.copy.copyMessages(message.folder, [message], folder(to), true, null, msgWindow, true);
  },
};
