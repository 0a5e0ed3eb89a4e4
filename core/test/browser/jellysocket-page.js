/**
 * A page's program for jellysocket. `/jellysocket.js` is a script of the page, whose global is `JellySocket`.
 * In: `openNotes`. Out: a socket of a subclass, and what it told, in order.
 */
import FromModule from "/jellysocket.mjs";

const builds = { module: FromModule, script: window.JellySocket };

const styles = {
  class(JellySocket) {
    class Notes extends JellySocket {}
    Notes.prototype.protocol = "notes-1.0";
    return Notes;
  },
  prototypes(JellySocket) {
    function Notes(uri) {
      JellySocket.call(this, uri);
    }
    Notes.prototype = { protocol: "notes-1.0", __proto__: JellySocket.prototype };
    return Notes;
  },
};

/** Begin to connect.
 * @param build "module" or "script"
 * @param style how the subclass is made: "class" or "prototypes" */
window.openNotes = (url, build, style) => {
  const Notes = styles[style](builds[build]);
  const socket = new Notes(url);
  const log = [];
  const say = (what) => {
    log.push(what);
    window.dispatchEvent(new Event("told"));
  };
  const isOne = socket instanceof builds[build] && socket instanceof Notes;
  socket.on("connect", () => say(`connect ${isOne} ${socket.connected}`));
  socket.on("disconnect", (error) => {
    say(`disconnect ${error === null ? null : `${error.name} ${error.message} ${error.code}`} ${socket.connected}`);
  });
  socket.on("_message", (data) => say(`bytes ${data.constructor === Uint8Array} ${data.subarray(0, 10).join()}`));
  Object.assign(window, { socket, log });
};

/** Resolves with what was told, once it is so much. */
window.untilTold = (count) =>
  new Promise((resolve) => {
    const look = () => {
      if (window.log.length < count) return;
      window.removeEventListener("told", look);
      resolve(window.log);
    };
    window.addEventListener("told", look);
    look();
  });

/** Send bytes of each size, and wait for each to come back.
 * @returns the sizes of those that did not come back as they were sent */
window.findChanged = async (sizes) => {
  const changed = [];
  for (const size of sizes) {
    const sent = new Uint8Array(size + 2).map((_, index) => index * 7 + size).subarray(1, size + 1);
    const back = await new Promise((resolve) => {
      window.socket.once("_message", resolve);
      window.socket._send(sent);
    });
    if (back.length !== size || sent.some((byte, index) => byte !== back[index])) changed.push(size);
  }
  return changed;
};

window.isReady = true;
