/** Programs as WebSocket-Node's own documents describe them, on the original and on our face. */
import { testPrograms } from "./play-programs.js";

testPrograms({
  library: "websocket",
  face: "websocket-node",
  stories: [
    {
      title: "echo",
      server: "echo-server.cjs",
      play: async ({ server, url, client }) => {
        const stranger = client("echo-client.cjs", `${url}/`, "http://stranger.example", "echo-protocol");
        await stranger.end();
        const dumb = client("echo-client.cjs", `${url}/`, "http://echo.example", "other-protocol");
        await dumb.end();
        const guest = client("echo-client.cjs", `${url}/room?x=1`, "http://echo.example", "echo-protocol");
        await guest.end();
        await server.saw(/^connection closed/);
        return { stranger, dumb, guest };
      },
      expected: {
        server: [
          "/ asks for echo-protocol, from http://stranger.example",
          "/ asks for other-protocol, from http://echo.example",
          "/room?x=1 asks for echo-protocol, from http://echo.example",
          "accepted 127.0.0.1 with echo-protocol, 1 connected",
          "text of 5",
          "text of 0",
          "text of 13",
          "binary of 0",
          "binary of 5",
          "text of 100000",
          "binary of 70000",
          "echo-protocol left with 1000",
          "connection closed: 1000 Normal connection closure",
        ],
        stranger: ["failed: Error: Server responded with a non-101 status: 403 Forbidden"],
        dumb: ["failed: Error: Server responded with a non-101 status: 403 Forbidden"],
        guest: [
          "connected with echo-protocol, true",
          "utf8 5 5d41402abc4b2a76b9719d911017c592",
          "utf8 0 d41d8cd98f00b204e9800998ecf8427e",
          "utf8 13 b7d7d2e84efaed366140ad8538387762",
          "binary 0 d41d8cd98f00b204e9800998ecf8427e",
          "binary 5 feea43e9b76fc31c34bcec403dcc4bf8",
          "utf8 100000 e43fc51605faad5c9ce3eeeeb64c68fc",
          "binary 70000 f91a28da786c611817111cec85a66344",
          "pong: are you there?",
          "closed: 1000 Normal connection closure, 1000 false",
        ],
      },
    },
    {
      title: "whiteboard",
      server: "whiteboard-server.cjs",
      play: async ({ server, url, client }) => {
        const first = client("whiteboard-client.cjs", `${url}/`);
        await first.saw("at the board");
        await server.saw(/^joined/);
        const second = client("whiteboard-client.cjs", `${url}/`);
        await second.saw("at the board");
        await server.saw(/^joined/);
        first.say("draw red 1,1 2,2");
        await Promise.all([first.saw(/^draw/), second.saw(/^draw/)]);
        second.say("draw blue 3,3 4,4 5,5");
        await Promise.all([first.saw(/^draw/), second.saw(/^draw/)]);
        const late = client("whiteboard-client.cjs", `${url}/`);
        await late.saw(/^history/);
        late.say("stamp 00ff7f80");
        await Promise.all([first, second, late].map((drawer) => drawer.saw(/^stamp/)));
        await second.end();
        await server.saw(/^left/);
        first.say("clear");
        await Promise.all([first.saw(/^clear/), late.saw(/^clear/)]);
        await server.saw(/^clear/);
        late.say(`draw green 0,0 ${"7,7 ".repeat(5_000)}9,9`);
        await Promise.all([first.saw(/^draw/), late.saw(/^draw/)]);
        await first.end();
        await server.saw(/^left/);
        await late.end();
        await server.saw(/^left/);
        return { first, second, late };
      },
      expected: {
        server: [
          "joined, 1 at the board",
          "joined, 2 at the board",
          "draw, 1 strokes",
          "draw, 2 strokes",
          "joined, 3 at the board",
          "a stamp of 4 bytes",
          "left: 1000 Normal connection closure, 2 at the board",
          "clear, 0 strokes",
          "draw, 1 strokes",
          "left: 1000 Normal connection closure, 1 at the board",
          "left: 1000 Normal connection closure, 0 at the board",
        ],
        first: [
          "at the board",
          "draw: red of 2 from 1,1 to 2,2",
          "draw: red of 2 from 1,1 to 2,2; blue of 3 from 3,3 to 5,5",
          "stamp 00ff7f80",
          "clear: ",
          "draw: green of 5002 from 0,0 to 9,9",
          "closed: 1000 Normal connection closure",
        ],
        second: [
          "at the board",
          "draw: red of 2 from 1,1 to 2,2",
          "draw: red of 2 from 1,1 to 2,2; blue of 3 from 3,3 to 5,5",
          "stamp 00ff7f80",
          "closed: 1000 Normal connection closure",
        ],
        late: [
          "at the board",
          "history: red of 2 from 1,1 to 2,2; blue of 3 from 3,3 to 5,5",
          "stamp 00ff7f80",
          "clear: ",
          "draw: green of 5002 from 0,0 to 9,9",
          "closed: 1000 Normal connection closure",
        ],
      },
    },
    {
      title: "router with two subprotocols",
      server: "router-server.cjs",
      play: async ({ server, url, client }) => {
        const counter = client("router-client.cjs", `${url}/count/here`, "x,counter");
        await counter.saw(/^speaks/);
        for (const line of ["up", "up", "reset", "up"]) {
          counter.say(line);
          await counter.saw(/^utf8/);
        }
        const left = client("router-client.cjs", `${url}/mirror/left`, "mirror", "a=1; b=2");
        await left.saw(/^speaks/);
        await server.saw(/^mirror at/);
        const right = client("router-client.cjs", `${url}/mirror/right`, "counter2,mirror");
        await right.saw(/^speaks/);
        await server.saw(/^mirror at/);
        left.say("it is me");
        await Promise.all([left.saw("utf8 it is me"), right.saw("utf8 it is me")]);
        const plain = client("router-client.cjs", `${url}/plain`);
        await plain.end();
        const lost = client("router-client.cjs", `${url}/nowhere`, "mirror");
        await lost.end();
        await counter.end();
        await server.saw(/^counter left/);
        await left.end();
        await server.saw(/^mirror left/);
        const atTheEnd = right.saw(/^closed/);
        await server.end();
        await atTheEnd;
        return { counter, left, right, plain, lost };
      },
      expected: {
        server: [
          "counter at /count/here, asked for x, counter",
          "mirror at /mirror/left, cookies a=1; b=2, 1 looking",
          "mirror at /mirror/right, cookies , 2 looking",
          "plain: /plain",
          "counter left with 4000 at 1",
          "mirror left with 4000",
          "mirror left with 1000",
        ],
        counter: ["speaks counter", "utf8 1", "utf8 2", "utf8 0", "utf8 1", "closed: 4000 seen enough"],
        left: ["speaks mirror", "utf8 it is me", "closed: 4000 seen enough"],
        right: ["speaks mirror", "utf8 it is me", "closed: 1000 Normal connection closure"],
        plain: ["answer 410 plain is gone /mirror"],
        lost: ["answer 404 No handler is available for the given request. undefined"],
      },
    },
    {
      title: "chat of W3CWebSocket clients",
      server: "chat-server.cjs",
      play: async ({ server, url, client }) => {
        const anna = client("chat-client.cjs", `${url}/chat`, "Anna");
        await anna.saw(/^I am/);
        const bert = client("chat-client.cjs", `${url}/chat`, "Bert");
        await bert.saw(/^I am/);
        anna.say("good evening");
        await Promise.all([anna.saw(/^Anna/), bert.saw(/^Anna/)]);
        bert.say("grüß dich \u{1f44b}");
        await Promise.all([anna.saw(/^Bert/), bert.saw(/^Bert/)]);
        const carl = client("chat-client.cjs", `${url}/chat`, "Carl");
        await carl.saw(/^I am/);
        bert.say("show 89504e47");
        await Promise.all([anna, bert, carl].map((member) => member.saw(/^picture/)));
        server.say("kick Bert");
        await bert.saw(/^close/);
        await server.saw(/^Bert left/);
        await anna.end();
        await server.saw(/^Anna left/);
        const atTheEnd = carl.saw(/^close/);
        await server.end();
        await atTheEnd;
        const nobody = client("chat-client.cjs", url.replace(/\d+$/, "1"), "Nobody");
        await nobody.end();
        return { anna, bert, carl, nobody };
      },
      expected: {
        server: [
          "somebody came by loud-chat",
          "Anna is red",
          "somebody came by loud-chat",
          "Bert is green",
          "Anna: good evening",
          "Bert: grüß dich 👋",
          "somebody came by loud-chat",
          "Carl is blue",
          "Bert shows 4 bytes",
          "Bert left: 4001 kicked",
          "Anna left: 1000 good night",
          "Carl left: 1000 Normal connection closure",
        ],
        anna: [
          "state 0 of 0, nothing chosen",
          "open: 1 loud-chat",
          "I am red",
          "Anna (red): good evening",
          "Bert (green): grüß dich 👋",
          "picture true 89504e47",
          "close: 1000 good night, state 3",
        ],
        bert: [
          "state 0 of 0, nothing chosen",
          "open: 1 loud-chat",
          "I am green",
          "Anna (red): good evening",
          "Bert (green): grüß dich 👋",
          "picture true 89504e47",
          "close: 4001 kicked, state 3",
        ],
        carl: [
          "state 0 of 0, nothing chosen",
          "open: 1 loud-chat",
          "before: good evening / grüß dich 👋",
          "I am blue",
          "picture true 89504e47",
          "close: 1000 Normal connection closure, state 3",
        ],
        nobody: ["state 0 of 0, nothing chosen", "error in state 3", "close: 1006 connection failed, state 3"],
      },
    },
  ],
});
