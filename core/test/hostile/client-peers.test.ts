import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "../../src/node/index.ts";
import {
  acceptFor,
  type RawPeer,
  RawServer,
  redirect,
  refusal,
  responseText,
  switching,
} from "../node/client/raw-server.ts";
import { BINARY, CLOSE, closeBody, closeFrame, frame, PING, TEXT, text } from "../node/connection/frames.ts";
import { turns } from "../node/transport/sockets.ts";
import {
  announce,
  answers,
  type Circumstances,
  dial,
  endless,
  type Fate,
  flood,
  rawFrame,
  type Script,
  sends,
  stillConnects,
} from "./client-attacks.ts";
import { testDeflatingServers } from "./client-deflate-peers.ts";
import { ClientVictim } from "./client-victim-process.ts";

const NEVER = Number.POSITIVE_INFINITY;
const MILLION = 1_000_000;
const MIB = 1 << 20;
const CONTINUATION = 0;
/** As a server sends it. */
const UNMASKED = { mask: null } as const;
const UNFINISHED = { mask: null, fin: false } as const;

const INVALID: Fate = { error: "RESPONSE_INVALID", status: 0 };
const TIMEOUT: Fate = { error: "HANDSHAKE_TIMEOUT", status: 0 };
const LOST: Fate = { error: "CONNECT_FAILED" };
const NOT_101: Fate = { error: "STATUS_NOT_101", status: 200 };

function wrong(error: string): Fate {
  return { error, status: 101 };
}

type Row = readonly [what: string, script: Script, fate: Fate, options?: Circumstances];

function testRows(rows: readonly Row[]): void {
  for (const [what, script, fate, options] of rows) {
    test(`${what}: ${Object.values(fate).join(", ")}`, async (t) => {
      assert.deepEqual(await dial(t, script, options), fate);
    });
  }
}

/** Lines of headers that mean nothing. */
function strangers(count: number): string {
  return Array.from({ length: count }, (_, i) => `a:${i % 10}\r\n`).join("");
}

/** A good response with lines before its own headers, or behind them. */
function crowded(key: string, lines: string, where: "before" | "behind"): string {
  const response = switching(key);
  return where === "before" ? response.replace("\r\n", `\r\n${lines}`) : `${response.slice(0, -2)}${lines}\r\n`;
}

describe("a server whose answer opens nothing (RFC 6455 §4.1)", () => {
  testRows([
    ["a wrong accept key", answers(switching("AAAAAAAAAAAAAAAAAAAAAA==")), wrong("ACCEPT_MISMATCH")],
    [
      "the accept key of the request before",
      (() => {
        let before = "AAAAAAAAAAAAAAAAAAAAAA==";
        return answers(({ key }) => {
          const response = switching(before);
          before = key;
          return response;
        });
      })(),
      wrong("ACCEPT_MISMATCH"),
    ],
    [
      "the accept key twice",
      answers(({ key }) => crowded(key, `Sec-WebSocket-Accept: ${acceptFor(key)}\r\n`, "behind")),
      wrong("ACCEPT_MISMATCH"),
    ],
    [
      "a subprotocol that was not asked for",
      answers(({ key }) => switching(key, { "Sec-WebSocket-Protocol": "chat" })),
      wrong("SUBPROTOCOL_NOT_OFFERED"),
    ],
    [
      "another subprotocol than those asked for",
      answers(({ key }) => switching(key, { "Sec-WebSocket-Protocol": "toString" })),
      wrong("SUBPROTOCOL_NOT_OFFERED"),
      { subprotocols: ["chat"] },
    ],
    [
      "an extension that was not asked for",
      answers(({ key }) => switching(key, { "Sec-WebSocket-Extensions": "permessage-bzip2" })),
      wrong("EXTENSION_NOT_OFFERED"),
    ],
    [
      "compression that was not asked for",
      answers(({ key }) => switching(key, { "Sec-WebSocket-Extensions": "permessage-deflate" })),
      wrong("EXTENSION_NOT_OFFERED"),
      { compression: false },
    ],
    ["101 without upgrade headers", answers(responseText(101)), wrong("UPGRADE_INVALID")],
    [
      "101 with the accept key alone",
      answers(({ key }) => responseText(101, { "Sec-WebSocket-Accept": acceptFor(key) })),
      wrong("UPGRADE_INVALID"),
    ],
    [
      "101 in HTTP/1.0",
      answers(({ key }) => switching(key).replace("HTTP/1.1", "HTTP/1.0")),
      wrong("HTTP_VERSION_TOO_LOW"),
    ],
    [
      "200 with upgrade headers",
      answers(({ key }) => switching(key).replace("101", "200").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")),
      NOT_101,
    ],
    ["200, then a 101", answers(({ key }) => refusal(200) + switching(key)), NOT_101],
    [
      "a 101 before it was asked",
      (peer) => peer.write(switching("AAAAAAAAAAAAAAAAAAAAAA==")),
      wrong("ACCEPT_MISMATCH"),
    ],
    ["a 200 before it was asked", (peer) => peer.write(refusal(200)), NOT_101],
  ]);
});

describe("a server that does not speak HTTP", () => {
  testRows([
    ["another protocol", answers("220 mail.example ESMTP\r\n"), INVALID],
    ["another protocol, before it was asked", (peer) => peer.write("220 mail.example ESMTP\r\n"), INVALID],
    ["100 KB of nothing", answers("\0".repeat(100_000)), INVALID],
    ["a TLS alert", answers("\x15\x03\x01\x00\x02\x02\x16"), INVALID],
    ["frames instead of a response", answers("\x81\x05hello"), INVALID],
    ["a header of 17 KiB", answers(responseText(101, { "X-A": "a".repeat(17_408) })), INVALID],
    ["a header name of 17 KiB", answers(responseText(101, { ["a".repeat(17_408)]: "1" })), INVALID],
    ["10,000 headers", answers(({ key }) => crowded(key, strangers(10_000), "behind")), INVALID],
    ["a header without end", endless("HTTP/1.1 101 a\r\nX-A: ", "a".repeat(4_096)), INVALID],
    ["a reason phrase without end", endless("HTTP/1.1 101 ", "a".repeat(4_096)), INVALID],
    [
      "3,000 headers before those that count, which Node does not keep",
      answers(({ key }) => crowded(key, strangers(3_000), "before")),
      wrong("UPGRADE_INVALID"),
    ],
  ]);

  test("3,000 headers behind those that count do no harm", async (t) => {
    const script: Script = async (peer) => {
      peer.write(crowded((await peer.request()).key, strangers(3_000), "behind"), closeFrame(1000, "", UNMASKED));
      peer.end();
    };
    assert.deepEqual(await dial(t, script), { endCode: 1000, closeCode: 1000 });
  });
});

describe("a server that takes its time, or never ends", () => {
  const short = { handshakeTimeoutMs: 150 };
  /** In which the response has come, however busy the machine is. */
  const longer = { handshakeTimeoutMs: 1_000 };
  const trickle =
    (make: (key: string) => string): Script =>
    async (peer) => {
      const response = make((await peer.request()).key);
      for (const byte of response) {
        peer.write(byte);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

  testRows([
    ["silence", () => {}, TIMEOUT, short],
    ["a response that trickles in", trickle((key) => switching(key)), TIMEOUT, short],
    ["a refusal that trickles in", trickle(() => refusal(403)), TIMEOUT, short],
    ["informational responses without end", endless("", responseText(103, { Link: "<a>" }).repeat(20)), TIMEOUT, short],
    ["a body without end", endless(responseText(200), "x".repeat(4_096)), NOT_101],
    [
      "a body of tiny chunks without end",
      endless(responseText(200, { "Transfer-Encoding": "chunked" }), "1\r\nx\r\n".repeat(500)),
      NOT_101,
    ],
    [
      "a body that trickles in, until the handshake's deadline",
      (peer) => peer.answer(responseText(200)).then(() => trickleInto(peer)),
      NOT_101,
      longer,
    ],
    [
      "a body that never begins, until the deadline",
      answers(responseText(200, { "Content-Length": "5" })),
      NOT_101,
      longer,
    ],
  ]);

  async function trickleInto(peer: RawPeer): Promise<void> {
    while (peer.left === undefined) {
      peer.write("x");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});

describe("a server that sends its clients around", () => {
  const follow = { followRedirects: true };

  testRows([
    ["a loop", answers(redirect("/")), { error: "TOO_MANY_REDIRECTS", status: 302 }, follow],
    [
      "a way without end",
      answers(() => redirect(`/${Math.random()}`)),
      { error: "TOO_MANY_REDIRECTS", status: 302 },
      follow,
    ],
    ["a Location that is no URL", answers(redirect("ws://")), { error: "REDIRECT_INVALID", status: 302 }, follow],
    ["another scheme", answers(redirect("file:///etc/passwd")), { error: "REDIRECT_INVALID", status: 302 }, follow],
    [
      "a Unix socket",
      answers(redirect("ws+unix:/run/docker.sock:/")),
      { error: "REDIRECT_INVALID", status: 302 },
      follow,
    ],
    ["a fragment of nowhere", answers(redirect("http://#")), { error: "REDIRECT_INVALID", status: 302 }, follow],
    [
      "a Location of 15,000 characters in a loop",
      answers(redirect(`/${"a".repeat(15_000)}`)),
      { error: "TOO_MANY_REDIRECTS", status: 302 },
      follow,
    ],
    ["a port where nobody listens", answers(redirect("ws://127.0.0.1:1/")), LOST, follow],
    [
      "a redirect whose target is silent",
      async (peer) => {
        if ((await peer.request()).line.startsWith("GET / ")) peer.write(redirect("/b"));
      },
      TIMEOUT,
      { ...follow, handshakeTimeoutMs: 150 },
    ],
    [
      "a redirect with a body without end, in a loop",
      endless(responseText(302, { Location: "/" }), "x".repeat(4_096)),
      { error: "TOO_MANY_REDIRECTS", status: 302 },
      follow,
    ],
  ]);

  test("two servers that point at each other", async (t) => {
    const other: RawServer = await RawServer.listen(t, { script: (peer) => peer.answer(redirect(first)) });
    let first = "";
    const script: Script = (peer) => {
      first = `ws://127.0.0.1:${peer.socket.localPort}/`;
      return peer.answer(redirect(other.url()));
    };
    assert.deepEqual(await dial(t, script, follow), { error: "TOO_MANY_REDIRECTS", status: 302 });
    for (const peer of other.peers) await peer.gone;
    assert.equal(other.peers.length, 5);
  });
});

describe("a server that resets or ends the connection", () => {
  const ways: readonly (readonly [how: string, leave: (peer: RawPeer) => void])[] = [
    ["reset", (peer) => peer.reset()],
    ["ended", (peer) => peer.end()],
  ];

  for (const [how, leave] of ways) {
    const inTheMiddle =
      (piece: (key: string) => string | Uint8Array): Script =>
      async (peer) => {
        peer.write(piece((await peer.request()).key));
        // A reset overtakes what was not read
        await turns();
        leave(peer);
      };
    testRows([
      [`${how} at once`, leave, LOST],
      [
        `${how} in the middle of the request`,
        (peer) => new Promise<void>((resolve) => peer.socket.once("data", () => resolve(leave(peer)))),
        LOST,
      ],
      [`${how} in the middle of the status line`, inTheMiddle(() => "HTTP/1.1 10"), LOST],
      [`${how} in the middle of the response`, inTheMiddle((key) => switching(key).slice(0, -2)), LOST],
      [`${how} after an informational response`, inTheMiddle(() => responseText(103)), LOST],
    ]);
  }

  type Stage = readonly [stage: string, bytes: Uint8Array, fate: Fate];
  const reset = { error: "TRANSPORT_FAILED" };
  const stages: readonly Stage[] = [
    ["right after the response", Buffer.alloc(0), {}],
    ["in the middle of a header", text("hello", UNMASKED).subarray(0, 1), {}],
    ["in the middle of a frame", text("hello", UNMASKED).subarray(0, 4), {}],
    ["in the middle of a message", text("hello", UNFINISHED), {}],
    ["after a message", text("hello", UNMASKED), { messages: "hello" }],
    ["in the middle of its Close frame", closeFrame(1000, "", UNMASKED).subarray(0, 3), {}],
  ];
  for (const [stage, bytes, seen] of stages) {
    test(`reset ${stage}: 1006`, async (t) => {
      let peer: RawPeer | undefined;
      const script: Script = async (given) => {
        peer = given;
        await given.accept();
        if (bytes.length > 0) given.write(bytes);
      };
      const fate = await dial(t, script, {}, () =>
        setImmediate(async () => {
          await turns();
          peer?.reset();
        }),
      );
      assert.deepEqual(fate, { endCode: 1006, ...reset, ...seen });
    });

    test(`ended ${stage}: 1006`, async (t) => {
      const script: Script = async (peer) => {
        await peer.accept({}, bytes);
        peer.end();
      };
      assert.deepEqual(await dial(t, script), { endCode: 1006, ...seen });
    });
  }

  test("reset instead of an answer to the client's Close frame: 1006", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept();
      await peer.frame();
      peer.reset();
    };
    const fate = await dial(t, script, {}, (connection) => connection.close());
    assert.deepEqual(fate, { endCode: 1006, closeCode: 1000, ...reset });
  });

  test("reset right after its own Close frame: what it said counts", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept({}, closeFrame(4_000, "", UNMASKED));
      await peer.frame();
      peer.reset();
    };
    assert.deepEqual(await dial(t, script), { endCode: 4_000, closeCode: 4_000 });
  });
});

describe("a server whose frames break the RFC (RFC 6455 §5)", () => {
  const failed = (code: number, error: string): Fate => ({ closeCode: code, endCode: code, error });
  const rsv = failed(1002, "RSV_UNEXPECTED");
  const reserved = failed(1002, "OPCODE_RESERVED");
  const badCode = failed(1002, "CLOSE_CODE_INVALID");
  const badText = failed(1007, "BAD_UTF8");
  const tooBig = failed(1009, "MESSAGE_TOO_BIG");
  const tooLarge = failed(1009, "LENGTH_TOO_LARGE");
  const rows: readonly (readonly [what: string, bytes: Buffer, fate: Fate])[] = [
    ["a masked text", text("a"), failed(1002, "MASK_UNEXPECTED")],
    ["a masked text with a key of zeros", text("a", { mask: [0, 0, 0, 0] }), failed(1002, "MASK_UNEXPECTED")],
    ["a masked ping", frame(PING, ""), failed(1002, "MASK_UNEXPECTED")],
    ["a masked Close frame", closeFrame(1000), failed(1002, "MASK_UNEXPECTED")],
    ...[1, 2, 3, 4, 5, 6, 7].map(
      (bits) => [`the RSV bits ${bits}`, frame(TEXT, "a", { mask: null, rsv: bits }), rsv] as const,
    ),
    ["RSV1 on a ping", frame(PING, "a", { mask: null, rsv: 4 }), rsv],
    [
      "RSV1 on a continuation",
      Buffer.concat([text("a", UNFINISHED), frame(CONTINUATION, "", { mask: null, rsv: 4 })]),
      rsv,
    ],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      (opcode) => [`the opcode ${opcode}`, frame(opcode, "", UNMASKED), reserved] as const,
    ),
    ["a ping in fragments", frame(PING, "a", UNFINISHED), failed(1002, "CONTROL_FRAGMENTED")],
    ["a Close frame in fragments", frame(CLOSE, closeBody(1000), UNFINISHED), failed(1002, "CONTROL_FRAGMENTED")],
    ["a ping of 126 bytes", frame(PING, "x".repeat(126), UNMASKED), failed(1002, "CONTROL_TOO_LONG")],
    ["a ping of 2^63 bytes", announce(1n << 63n, 0x80 | PING), failed(1002, "CONTROL_TOO_LONG")],
    ["a continuation of nothing", frame(CONTINUATION, "a", UNMASKED), failed(1002, "CONTINUATION_UNEXPECTED")],
    [
      "a message inside a message",
      Buffer.concat([text("a", UNFINISHED), text("b", UNMASKED)]),
      failed(1002, "CONTINUATION_EXPECTED"),
    ],
    ["5 bytes, said in 16 bits", rawFrame(0x81, 126, 0, 5, 1, 2, 3, 4, 5), failed(1002, "LENGTH_NOT_MINIMAL")],
    ["5 bytes, said in 64 bits", announce(5n), failed(1002, "LENGTH_NOT_MINIMAL")],
    ["1 MiB and a byte", announce((1n << 20n) + 1n), tooBig],
    ["2^31 bytes", announce(1n << 31n), tooBig],
    ["2^32 and 5 bytes", announce((1n << 32n) + 5n), tooBig],
    ["2^53 - 1 bytes", announce((1n << 53n) - 1n), tooBig],
    ["2^53 bytes", announce(1n << 53n), tooLarge],
    ["2^63 bytes", announce(1n << 63n), tooLarge],
    ["2^64 - 1 bytes", announce((1n << 64n) - 1n), tooLarge],
    [
      "1 MiB and a byte in two fragments",
      Buffer.concat([frame(BINARY, Buffer.alloc(MIB), UNFINISHED), frame(CONTINUATION, "x", UNFINISHED)]),
      tooBig,
    ],
    [
      "20,000 empty fragments",
      Buffer.concat([
        text("", UNFINISHED),
        ...Array.from({ length: 20_000 }, () => frame(CONTINUATION, "", UNFINISHED)),
      ]),
      failed(1008, "TOO_MANY_FRAGMENTS"),
    ],
    [
      "20,000 fragments of a byte",
      Buffer.concat([
        text("a", UNFINISHED),
        ...Array.from({ length: 20_000 }, () => frame(CONTINUATION, "a", UNFINISHED)),
      ]),
      failed(1008, "TOO_MANY_FRAGMENTS"),
    ],
    ["text that is not UTF-8", frame(TEXT, Buffer.from([0xc0, 0x80]), UNMASKED), badText],
    ["text that ends inside a character", frame(TEXT, Buffer.from([0x61, 0xe2, 0x82]), UNMASKED), badText],
    [
      "text that is wrong at once and goes on for ever",
      Buffer.concat([frame(TEXT, Buffer.from([0xff]), UNFINISHED), announce(1n << 19n, 0)]),
      badText,
    ],
    ["a Close frame of a byte", frame(CLOSE, "a", UNMASKED), failed(1002, "CLOSE_TOO_SHORT")],
    [
      "a close reason that is not UTF-8",
      frame(CLOSE, Buffer.from([3, 0xe8, 0xff]), UNMASKED),
      failed(1007, "CLOSE_REASON_BAD_UTF8"),
    ],
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
      (code) => [`the close code ${code}`, closeFrame(code, "", UNMASKED), badCode] as const,
    ),
  ];
  for (const [what, bytes, fate] of rows) {
    for (const how of ["behind the response", "with the response"] as const) {
      test(`${what}, ${how}: ${fate.endCode} ${fate.error}`, async (t) => {
        assert.deepEqual(await dial(t, sends(bytes, how)), fate);
      });
    }
  }

  test("the response once more: 1002, as it is no frame", async (t) => {
    const script: Script = async (peer) => {
      const { key } = await peer.request();
      peer.write(switching(key) + switching(key));
    };
    assert.deepEqual(await dial(t, script), failed(1002, "RSV_UNEXPECTED"));
  });

  test("a 101 that says it has a body: what follows is frames", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept({ "Content-Length": "5" }, text("hello", UNMASKED), closeFrame(1000, "", UNMASKED));
      peer.end();
    };
    assert.deepEqual(await dial(t, script), { endCode: 1000, closeCode: 1000, messages: "hello" });
  });

  test("good messages before what is wrong are handed over", async (t) => {
    const bytes = Buffer.concat([
      text("one", UNMASKED),
      frame(PING, "", UNMASKED),
      text("two", UNMASKED),
      frame(3, "", UNMASKED),
    ]);
    const fate = await dial(t, sends(bytes, "with the response"));
    assert.deepEqual(fate, { ...reserved, messages: "onetwo" });
  });

  test("nothing is handed over behind what is wrong", async (t) => {
    const bytes = Buffer.concat([frame(3, "", UNMASKED), text("never", UNMASKED), closeFrame(1000, "", UNMASKED)]);
    assert.deepEqual(await dial(t, sends(bytes, "with the response")), reserved);
  });

  test("where nobody listens for errors nothing else happens", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.accept({}, frame(3, "", UNMASKED)) });
    const connection = await connect(server.url());
    assert.equal((await connection.closed).code, 1002);
    await stillConnects();
  });
});

describe("a server in the smallest pieces", () => {
  test("every byte alone, the response's too", async (t) => {
    const script: Script = async (peer) => {
      const { key } = await peer.request();
      peer.socket.setNoDelay(true);
      const bytes = Buffer.concat([
        Buffer.from(switching(key)),
        text("one ", UNFINISHED),
        frame(PING, "p", UNMASKED),
        frame(CONTINUATION, "é message", UNMASKED),
        closeFrame(1000, "bye", UNMASKED),
      ]);
      for (const byte of bytes) {
        await new Promise((resolve) => peer.socket.write(Uint8Array.of(byte), resolve));
        await turns(1);
      }
      peer.end();
    };
    assert.deepEqual(await dial(t, script), { endCode: 1000, closeCode: 1000, messages: "one é message" });
  });

  test("a message of 16,000 fragments of a byte is a message", async (t) => {
    const pieces = Array.from({ length: 15_998 }, () => frame(CONTINUATION, "a", UNFINISHED));
    const bytes = Buffer.concat([
      text("a", UNFINISHED),
      ...pieces,
      frame(CONTINUATION, "a", UNMASKED),
      closeFrame(1000, "", UNMASKED),
    ]);
    const script: Script = async (peer) => {
      await peer.accept({}, bytes);
      await peer.frame();
      peer.end();
    };
    assert.deepEqual(await dial(t, script), { endCode: 1000, closeCode: 1000, messages: "a".repeat(16_000) });
  });
});

describe("a server that does not finish (RFC 6455 §7.1, §10.4)", () => {
  const timedOut: Fate = { endCode: 1008, closeCode: 1008, error: "MESSAGE_TIMEOUT" };
  const limits = { messageTimeoutMs: 50 };
  for (const [what, bytes] of [
    ["a fragment", text("a", UNFINISHED)],
    ["a fragment and pings", Buffer.concat([text("a", UNFINISHED), frame(PING, "", UNMASKED)])],
    ["a header that announces 512 KiB", announce(1n << 19n)],
    ["half a payload", frame(BINARY, Buffer.alloc(60_000), UNMASKED).subarray(0, 30_000)],
  ] as const) {
    test(`its message, after ${what}: 1008 MESSAGE_TIMEOUT`, async (t) => {
      assert.deepEqual(await dial(t, sends(bytes, "behind the response"), { limits }), timedOut);
    });
  }

  test("its message, with pings for ever: 1008 MESSAGE_TIMEOUT", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept({}, text("a", UNFINISHED));
      while (peer.left === undefined) {
        peer.write(frame(PING, "", UNMASKED));
        await turns(1);
      }
    };
    assert.deepEqual(await dial(t, script, { limits }), timedOut);
  });

  const impatient = { closeTimeoutMs: 100 };
  /** In which the server has answered and read, however busy the machine is. */
  const patient = { closeTimeoutMs: 700 };
  const stays: Script = async (peer) => {
    peer.endsToo = false;
    await peer.accept();
    const { payload } = await peer.frame();
    peer.write(frame(CLOSE, payload, UNMASKED));
  };

  test("TCP after the closing handshake that the client began: it is ended after closeTimeoutMs, clean", async (t) => {
    const fate = await dial(t, stays, patient, (connection) => connection.close(4_000));
    assert.deepEqual(fate, { endCode: 4_000, closeCode: 4_000 });
  });

  test("TCP after the closing handshake that it began itself: the same", async (t) => {
    const script: Script = async (peer) => {
      peer.endsToo = false;
      await peer.accept({}, closeFrame(4_000, "", UNMASKED));
    };
    assert.deepEqual(await dial(t, script, impatient), { endCode: 4_000, closeCode: 4_000 });
  });

  test("the closing handshake: 1006 CLOSE_TIMEOUT", async (t) => {
    const script: Script = (peer) => peer.accept();
    const fate = await dial(t, script, impatient, (connection) => connection.close());
    assert.deepEqual(fate, { endCode: 1006, closeCode: 1000, error: "CLOSE_TIMEOUT" });
  });

  test("the closing handshake, but sends messages for ever: 1006 CLOSE_TIMEOUT", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept();
      await flood(peer, frame(BINARY, Buffer.alloc(10_000), UNMASKED));
    };
    const fate = await dial(t, script, impatient, (connection) => connection.close());
    const { messages: _, ...rest } = fate;
    assert.deepEqual(rest, { endCode: 1006, closeCode: 1000, error: "CLOSE_TIMEOUT" });
  });

  test("TCP after its Close frame, but sends for ever: it is ended after closeTimeoutMs, clean", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept({}, closeFrame(4_000, "", UNMASKED));
      await flood(peer, frame(TEXT, "x".repeat(10_000), UNMASKED));
    };
    assert.deepEqual(await dial(t, script, patient), { endCode: 4_000, closeCode: 4_000 });
  });

  test("TCP after it broke the RFC, but sends for ever: it is ended after closeTimeoutMs", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept({}, frame(3, "", UNMASKED));
      await flood(peer, frame(TEXT, "x".repeat(10_000), UNMASKED));
    };
    assert.deepEqual(await dial(t, script, patient), { endCode: 1002, closeCode: 1002, error: "OPCODE_RESERVED" });
  });

  test("a server that is half-open: 1006 HEARTBEAT_TIMEOUT", async (t) => {
    const script: Script = (peer) => peer.accept();
    const fate = await dial(t, script, { heartbeat: { intervalMs: 30, timeoutMs: 30 } });
    assert.deepEqual(fate, { endCode: 1006, error: "HEARTBEAT_TIMEOUT" });
  });
});

describe("what a hostile server costs in memory", () => {
  let victim: ClientVictim;
  before(() => {
    victim = ClientVictim.start();
  });
  after(() => victim.stop());

  /** Garbage included; what is queued or kept without a limit is a hundred times as much. */
  const FLAT = 32 * MIB;

  type Case = readonly [what: string, script: Script, fate: Fate, options?: Parameters<ClientVictim["dial"]>[1]];
  const cases: readonly Case[] = [
    ["a refusal's body without end", endless(responseText(200), "x".repeat(65_536)), NOT_101],
    [
      "informational responses without end",
      endless("", responseText(103, { Link: "<a>" }).repeat(100)),
      TIMEOUT,
      { handshakeTimeoutMs: 500 },
    ],
    [
      "1,000,000 empty fragments",
      async (peer) => {
        await peer.accept({}, text("", UNFINISHED));
        const many = Buffer.concat(Array.from({ length: 10_000 }, () => frame(CONTINUATION, "", UNFINISHED)));
        for (let i = 0; i < MILLION / 10_000 && peer.left === undefined; i++) {
          await new Promise((resolve) => peer.socket.write(many, resolve));
        }
      },
      { endCode: 1008, closeCode: 1008, error: "TOO_MANY_FRAGMENTS" },
    ],
    [
      "a frame that announces 2^40 bytes, limits switched off",
      async (peer) => {
        await peer.accept({}, announce(1n << 40n, 0x80 | BINARY), Buffer.alloc(1_000));
      },
      { endCode: 1008, closeCode: 1008, error: "MESSAGE_TIMEOUT" },
      { limits: { maxMessageBytes: NEVER, messageTimeoutMs: 300 } },
    ],
    [
      "data without end behind its Close frame",
      async (peer) => {
        await peer.accept({}, closeFrame(4_000, "", UNMASKED));
        await flood(peer, Buffer.alloc(65_536, 0x81));
      },
      { endCode: 4_000, closeCode: 4_000 },
      { closeTimeoutMs: 700 },
    ],
    [
      "messages without end, and nobody who asks for them",
      async (peer) => {
        await peer.accept();
        const many = Buffer.concat(Array.from({ length: 100 }, () => frame(BINARY, Buffer.alloc(1_000), UNMASKED)));
        await flood(peer, many);
      },
      { endCode: 1006, error: "HEARTBEAT_TIMEOUT" },
      { application: "deaf", heartbeat: { intervalMs: 200, timeoutMs: 100 } },
    ],
  ];
  for (const [what, script, fate, options] of cases) {
    test(`${what}: ${Object.values(fate).join(", ")}, and memory is flat`, async (t) => {
      const server = await RawServer.listen(t, { script });
      const { grown, ...came } = await victim.dial(server.url(), options);
      const closing = server.peers[0]?.frames.find(({ opcode }) => opcode === CLOSE);
      const { closeCode, ...rest } = fate;
      assert.deepEqual(came, rest);
      assert.equal(closing?.payload.readUInt16BE(0), closeCode);
      assert.ok(grown < FLAT, `${grown} bytes`);
    });
  }

  for (const [what, size, outcome] of [
    ["125 bytes", 125, "1008 TOO_MANY_PENDING_PONGS"],
    ["no bytes", 0, "their pongs wait in the system, or 1008"],
  ] as const) {
    test(`1,000,000 pings of ${what} from a server that never reads: ${outcome}, and memory is flat`, async (t) => {
      const ping = frame(PING, Buffer.alloc(size, "p"), UNMASKED);
      const many = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
      const script: Script = async (peer) => {
        await peer.accept();
        peer.socket.pause();
        let isGone = false;
        peer.socket.once("close", () => {
          isGone = true;
        });
        for (let i = 0; i < 1_000 && !isGone; i++) {
          await new Promise((resolve) => peer.socket.write(many, resolve));
          await turns(1);
        }
        peer.socket.destroy();
      };
      const server = await RawServer.listen(t, { script });
      const { grown, error, endCode } = await victim.dial(server.url(), { closeTimeoutMs: 200 });
      // The system may have room for all of the pongs that are empty
      if (size > 0) assert.deepEqual([error, endCode], ["TOO_MANY_PENDING_PONGS", 1008]);
      else assert.ok(["TOO_MANY_PENDING_PONGS", "TRANSPORT_FAILED", undefined].includes(error), error);
      assert.ok(grown < FLAT, `${grown} bytes`);
    });
  }

  test("an application that sends without looking at backpressure to a server that never reads: 1013 OUTBOUND_FULL", async (t) => {
    const script: Script = async (peer) => {
      await peer.accept();
      peer.socket.pause();
    };
    const server = await RawServer.listen(t, { script });
    const { grown, error, endCode } = await victim.dial(server.url(), { application: "talks", closeTimeoutMs: 200 });
    assert.deepEqual([error, endCode], ["OUTBOUND_FULL", 1013]);
    assert.ok(grown < 3 * FLAT, `${grown} bytes`);
  });

  for (const [what, tail] of [
    ["nothing", Buffer.alloc(0)],
    ["a ping", frame(PING, "ping", UNMASKED)],
    ["half a ping", frame(PING, "ping", UNMASKED).subarray(0, 4)],
    ["part of a header", announce(1n << 19n).subarray(0, 7)],
    ["part of a small payload", text("hello", UNMASKED).subarray(0, 4)],
    ["a small fragment", text("hello", UNFINISHED)],
  ] as const) {
    test(`idle clients that have read 64 KiB and then ${what} keep at most 1 KiB each outside the heap`, async (t) => {
      const message = frame(BINARY, Buffer.alloc(1_000), UNMASKED);
      const read = Buffer.concat([...Array.from({ length: 64 }, () => message), tail]);
      const server = await RawServer.listen(t, { script: (peer) => peer.accept({}, read) });
      const { outsideEach } = await victim.idle(server.url(), { count: 100, bytes: read.length });
      assert.ok(outsideEach <= 1_024, `${outsideEach} bytes each`);
    });
  }

  test("a small message that the application keeps does not keep what it came with", async (t) => {
    const large = frame(BINARY, Buffer.alloc(60_000), UNMASKED);
    const read = Buffer.concat([large, frame(BINARY, "keep me", UNMASKED)]);
    const server = await RawServer.listen(t, { script: (peer) => peer.accept({}, read) });
    const { outsideEach } = await victim.idle(server.url(), { count: 100, bytes: read.length, keepsSmall: true });
    assert.ok(outsideEach <= 1_024, `${outsideEach} bytes each`);
  });

  test("errors that the application keeps hold no more than the body that they show", async (t) => {
    const server = await RawServer.listen(t, { script: (peer) => peer.answer(refusal(403, {}, "why not")) });
    const { outsideEach, heapEach } = await victim.refusals(server.url(), 200);
    assert.ok(outsideEach <= 512, `${outsideEach} bytes each`);
    assert.ok(heapEach <= 16_384, `${heapEach} bytes each`);
  });

  testDeflatingServers(() => victim);
});

describe("values of the application's that would break the request (CVE-2026-1527)", () => {
  const values: readonly (readonly [name: string, value: string])[] = [
    ["CR LF", "a\r\nX-Evil: 1"],
    ["LF", "a\nX-Evil: 1"],
    ["CR", "a\rX-Evil: 1"],
    ["CR LF twice", "a\r\n\r\nGET /evil HTTP/1.1"],
    ["NUL", "a\0X-Evil: 1"],
    ["characters whose low bytes are CR and LF", "a\u010d\u010aX-Evil: 1"],
    ["a line separator", "a\u2028X-Evil: 1"],
  ];
  const places: readonly (readonly [where: string, make: (value: string) => Parameters<typeof connect>[1]])[] = [
    ["a header's value", (value) => ({ headers: { "X-A": value } })],
    ["a header's value in a list", (value) => ({ headers: { "X-A": ["1", value] } })],
    ["a header's value in a pair", (value) => ({ headers: [["X-A", value]] })],
    ["a header's name", (value) => ({ headers: { [value]: "1" } })],
    ["a header's name in a pair", (value) => ({ headers: [[value, "1"]] })],
    ["Host", (value) => ({ headers: { Host: value } })],
    ["Authorization", (value) => ({ headers: { Authorization: value } })],
    ["Cookie", (value) => ({ headers: { Cookie: value } })],
    ["a subprotocol", (value) => ({ subprotocols: [value] })],
    ["the second subprotocol", (value) => ({ subprotocols: ["a", value] })],
    ["the origin", (value) => ({ origin: value })],
    ["the origin of version 8", (value) => ({ origin: value, version: 8 })],
  ];
  for (const [where, make] of places) {
    for (const [name, value] of values) {
      test(`${name} in ${where}: UsageError, and nothing is dialed`, async (t) => {
        const server = await RawServer.listen(t);
        await assert.rejects(connect(server.url(), make(value)), { name: "UsageError", code: "USAGE" });
        await turns();
        assert.equal(server.peers.length, 0);
      });
    }
  }

  for (const [name, value] of values) {
    for (const [where, make] of [
      ["the path", (origin) => `${origin}/${value}`],
      ["the query", (origin) => `${origin}/?${value}`],
      ["the user name", (origin) => origin.replace("//", `//${value.replaceAll(/[:/]/g, "")}@`)],
      ["the password", (origin) => origin.replace("//", `//user:${value.replaceAll("/", "")}@`)],
      ["the path, encoded", (origin) => `${origin}/${encodeURIComponent(value)}`],
      ["the password, encoded", (origin) => origin.replace("//", `//user:${encodeURIComponent(value)}@`)],
    ] as [string, (origin: string) => string][]) {
      test(`${name} in ${where} of the URL: no line of the request's`, async (t) => {
        const server = await RawServer.listen(t);
        const connecting = connect(make(server.origin));
        const peer = await server.next();
        const { fields, line } = await peer.request();
        peer.end();
        await assert.rejects(connecting, { code: "CONNECT_FAILED" });
        const names = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];
        names.push("Sec-WebSocket-Extensions", "Authorization");
        assert.deepEqual(
          fields.map(([field]) => field),
          names.slice(0, fields.length),
        );
        assert.match(line, /^GET \/[!-~]* HTTP\/1\.1$/);
        assert.equal(peer.frames.length, 0);
      });
    }
  }

  for (const host of ["a\r\nb", "a%0d%0ab", "a b", "a\0b", "a%00b", "a%0aX-Evil:1"]) {
    test(`${JSON.stringify(host)} as the URL's host: UsageError`, async () => {
      // The URL standard drops CR and LF
      const url = `ws://${host}.invalid/`;
      if (URL.canParse(url)) assert.equal(new URL(url).host, "ab.invalid");
      else await assert.rejects(connect(url), { name: "UsageError" });
    });
  }
});
