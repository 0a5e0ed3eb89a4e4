/** Programs as nodejs-websocket's own documents describe them, on the original and on our face. */
import { testPrograms } from "./play-programs.js";

testPrograms({
  library: "nodejs-websocket",
  face: "nodejs-websocket",
  stories: [
    {
      title: "the server that screams",
      server: "scream-server.cjs",
      play: async ({ server, url, client }) => {
        const child = client("scream-client.cjs", `${url}/playground?loud=1`);
        await child.saw(/^open/);
        for (const line of ["hi", "grüße", "a long story ".repeat(20_000).trimEnd()]) {
          child.say(line);
          await child.saw(/^heard/);
        }
        await child.end();
        await server.saw(/^closed/);
        return { child };
      },
      expected: {
        server: [
          "connected to /playground?loud=1, agent scream/1, 1 in all",
          "told: hi",
          "told: grüße",
          "told: a long story a long ",
          "closed: 1000 enough, 0 left",
          "stopped",
        ],
        child: [
          "open: true, server null",
          "told",
          "heard 5: HI!!!",
          "told",
          "heard 9: GRÜSSE!!!",
          "told",
          "heard 260002: TORY A LONG STORY!!!",
          "pong: still there?",
          "closed: 1000 enough",
        ],
      },
    },
    {
      title: "chat with nicknames",
      server: "chat-server.cjs",
      play: async ({ server, url, client }) => {
        const anna = client("chat-client.cjs", url, "Anna", "gossip,chat");
        await anna.saw("Anna entered");
        const bert = client("chat-client.cjs", url, "Bert", "chat");
        await Promise.all([anna.saw("Bert entered"), bert.saw("Bert entered")]);
        anna.say("did you hear?");
        await Promise.all([anna.saw(/did you hear/), bert.saw(/did you hear/)]);
        bert.say("nein, erzähl \u{1f442}");
        await Promise.all([anna.saw(/erzähl/), bert.saw(/erzähl/)]);
        const deaf = client("chat-client.cjs", url, "Deaf", "sign-language");
        await deaf.end();
        await Promise.all([anna.saw(/ left$/), bert.saw(/ left$/)]);
        await bert.end();
        await anna.saw("Bert left");
        const atTheEnd = anna.saw(/^closed/);
        await server.end();
        await atTheEnd;
        return { anna, bert, deaf };
      },
      expected: {
        server: [
          "somebody came, asks for gossip, chat, gets gossip",
          "to 1: Anna entered",
          "somebody came, asks for chat, gets chat",
          "to 2: Bert entered",
          "to 2: [Anna] did you hear?",
          "to 2: [Bert] nein, erzähl 👂",
          "somebody came, asks for sign-language, gets undefined",
          "undefined closed: 1006 without a reason",
          "to 2: undefined left",
          "Bert closed: 1000 without a reason",
          "to 1: Bert left",
          "stopped",
        ],
        anna: [
          "open with gossip",
          "Anna entered",
          "Bert entered",
          "[Anna] did you hear?",
          "[Bert] nein, erzähl 👂",
          "undefined left",
          "Bert left",
          "closed: 1001 the chat is over",
        ],
        bert: [
          "open with chat",
          "Bert entered",
          "[Anna] did you hear?",
          "[Bert] nein, erzähl 👂",
          "undefined left",
          "closed: 1000 without a reason",
        ],
        deaf: ["error: Invalid handshake: no protocol was negotiated", "closed: 1006 without a reason"],
      },
    },
    {
      title: "binary streams up and down",
      server: "store-server.cjs",
      play: async ({ server, url, client }) => {
        const user = client("store-client.cjs", url);
        await user.saw(/^closed/);
        await user.end();
        await server.saw(/^closed/);
        return { user };
      },
      expected: {
        server: [
          "kept 12 bytes",
          "kept 0 bytes",
          "kept 300000 bytes",
          "sends 300000 bytes in pieces of 10000, streaming true",
          "error: You can't send a text frame until you finish sending binary frames",
          "sent, streaming false",
          "closed: 1000",
          "stopped",
        ],
        user: [
          "kept 12 4f2758e5e98f6c2ee1be1369261e251d",
          "kept 0 d41d8cd98f00b204e9800998ecf8427e",
          "kept 300000 34fadf2975834e9a357ec41d3e6df067",
          "downloaded 300000 34fadf2975834e9a357ec41d3e6df067",
          "closed: 1000",
        ],
      },
    },
  ],
});
