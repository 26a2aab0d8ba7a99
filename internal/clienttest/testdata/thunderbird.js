// What the test of Thunderbird asks of it, within its main window. Each action gives text, or nothing.
const flags = Ci.nsMsgFolderFlags;
const server = MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "imap");
const pane = () => document.getElementById("tabmail").currentAbout3Pane;
const folder = name => server.rootFolder.subFolders.find(f => f.name == name);
const composer = () => Services.wm.getMostRecentWindow("msgcompose");
const instance = (contract, type) => Cc[contract].createInstance(type);

const actions = {
  // trust makes the exception that the person is asked for.
  trust(certificate, ...ports) {
    const cert = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).constructX509FromBase64(certificate);
    const overrides = Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService);
    for (const port of ports) {
      overrides.rememberValidityOverride("localhost", Number(port), {}, cert, true);
    }
  },

  // remember puts a password into the password manager.
  async remember(protocol, user, password) {
    const login = instance("@mozilla.org/login-manager/loginInfo;1", Ci.nsILoginInfo);
    const origin = protocol + "://localhost";
    login.init(origin, null, origin, user, password, "", "");
    await Services.logins.addLoginAsync(login);
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
