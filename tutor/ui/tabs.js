// Each tab has a conversation of its own. gradio keeps the page's state under one name for all tabs of a browser, so that the last one
// to write would win: here every tab gets its own name before gradio reads it. A new tab goes on with the newest conversation, with a
// copy of it where that is still open elsewhere; the others are offered in the menu.
(() => {
  const KEY = "tutor-conversation"; // what the server calls the record; a tab's own is KEY/id
  // Per id: when it last grew, its first and its last question, whether it is a copy that nobody went on with, the page that has it open,
  // and when that was last seen.
  const ABOUT = "tutor-about/";
  const MOST = 12; // closed conversations that are kept, the newest
  const ROOM = 1800000; // characters of all of them; a browser has room for about five million
  const AWAY = 600000; // milliseconds after which a page that was not seen counts as closed

  const state = window.gradio_config?.components?.find((one) => one.props?.storage_key === KEY);
  const page = String(Math.random()).slice(2);
  let mine = null;
  let last = null;

  const about = (id) => {
    try {
      return Object(JSON.parse(localStorage.getItem(ABOUT + id)));
    } catch {
      return {};
    }
  };
  const note = (changes) => localStorage.setItem(ABOUT + mine, JSON.stringify({ ...about(mine), ...changes }));
  const unseen = (one) => Date.now() - (one.seen || 0);
  const isOpen = (one) => Boolean(one.page) && unseen(one) < AWAY;
  const records = () =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith(`${KEY}/`))
      .map((key) => ({ ...about(key.slice(KEY.length + 1)), id: key.slice(KEY.length + 1), size: localStorage.getItem(key).length }))
      .sort((a, b) => (b.at || 0) - (a.at || 0));

  const begin = () => {
    mine = sessionStorage.getItem(KEY) ?? records().find((one) => one.title && !one.copy)?.id;
    if (!mine || isOpen(about(mine))) {
      // nothing to go on with, or it is open in another tab, of which this may be a copy
      const old = mine ? about(mine) : {};
      const from = mine ? `${KEY}/${mine}` : KEY; // the latter: from before tabs had their own
      mine = page;
      const kept = localStorage.getItem(from);
      try {
        if (kept) localStorage.setItem(`${KEY}/${mine}`, kept);
        note({ at: old.at || Date.now(), title: old.title, end: old.end, copy: Boolean(old.title) });

        if (from === KEY) localStorage.removeItem(KEY);
      } catch {
        // no room for a copy: an empty page, and the other conversation stays where it is
      }
    }
    sessionStorage.setItem(KEY, mine);
    state.props.storage_key = `${KEY}/${mine}`;
    seen();
  };

  const seen = () => {
    const by = about(mine).page;
    if (last !== null && by && by !== page) return location.reload(); // slept so long that another tab went on with this one
    note({ page, seen: Date.now() });
  };

  const forget = (id) => {
    localStorage.removeItem(`${KEY}/${id}`);
    localStorage.removeItem(ABOUT + id);
  };

  const closed = () => records().filter((one) => one.id !== mine && !isOpen(one));

  // Called with what was just kept.
  window.tutorKept = (store) => {
    if (!mine) return;
    const turns = [...(store?.turns ?? []), ...(store?.before ?? [])];
    const now = JSON.stringify(store);
    const [title, end] = [turns[0], turns.at(-1)].map((turn) => turn?.question?.slice(0, 200));
    if (last !== null && now !== last && title) note({ at: Date.now(), title, end, copy: false });
    last = now;
    let [room, count] = [ROOM, 0];
    closed().forEach((one) => {
      const needless = !one.title || one.copy;
      if (!needless) [room, count] = [room - one.size, count + 1];
      if ((needless || count > MOST || room < 0) && unseen(one) > 10000) forget(one.id); // it may be about to come back
    });
  };

  // The menu's list; a press goes on with that one in this tab.
  window.tutorEarlier = () => {
    const list = document.querySelector("#earlier");
    if (!list || !mine) return;
    const offered = closed().filter((one) => one.title && !one.copy);
    list.replaceChildren(
      ...offered.map((one) => {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: one.title });
        const when = Object.assign(document.createElement("span"), { className: "when" });
        const at = new Date(one.at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
        when.textContent = one.end && one.end !== one.title ? `${one.end} · ${at}` : at;
        button.append(when);
        button.addEventListener("click", () => {
          sessionStorage.setItem(KEY, one.id);
          location.reload();
        });
        return button;
      }),
    );
    list.parentElement.hidden = !offered.length;
  };

  if (!state) return;
  try {
    begin();
  } catch (error) {
    mine = null; // a browser that keeps nothing, or is full
    return console.warn("Tabs share one conversation:", error);
  }
  setInterval(seen, 60000);
  addEventListener("pagehide", () => about(mine).page === page && note({ page: "", seen: Date.now() }));

  addEventListener("pageshow", (event) => event.persisted && seen());
  document.addEventListener("visibilitychange", () => document.hidden || seen());
})();
