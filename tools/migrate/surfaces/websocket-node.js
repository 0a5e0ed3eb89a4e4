/** The surface of `websocket` (WebSocket-Node) 1.0.35, and where @polysocket/websocket differs on purpose. */
import { noted, same } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */

const INSIDE = "an inner part of the original, which the face does not promise";
const AFTER_CLOSE = "after close(): the callback gets an error and the closing goes on; it ended with 1006";
const CLOSE_TIMEOUT =
  "when it is over the socket is destroyed and `close` comes; a silent peer kept both waiting for ever";
const COOKIES = "a value with a bad percent escape stays as it is; the whole handshake was refused";
const VERSION_ALIAS = "is there again as an alias of webSocketVersion; it was gone since 1.0.9";
const KEEPALIVE_TYPE = "of a wrong type: the error is thrown and the socket destroyed; the peer was left waiting";

const shared = {
  ...same("maxReceivedFrameSize maxReceivedMessageSize fragmentOutgoingMessages fragmentationThreshold"),
  ...same("disableNagleAlgorithm dropConnectionOnKeepaliveTimeout useNativeKeepalive"),
  ...noted("keepaliveInterval keepaliveGracePeriod", KEEPALIVE_TYPE),
  assembleFragments: { note: "false: a message of one frame comes as `message` too, as documented; only `frame` came" },
  closeTimeout: { note: CLOSE_TIMEOUT },
  keepalive: { note: "pings stop at close(); they went on and turned a slow clean close into an error" },
};

/** @type {Surface} */
export const surface = {
  exports: {
    server: { gives: "class:server", note: "a peer's reset before the 101 is out ends nothing; it ended the process" },
    client: {
      gives: "class:client",
      note: "a subprotocol or extension that was not asked for fails the handshake; it was accepted",
    },
    router: { gives: "class:router" },
    request: { gives: "class:request" },
    connection: { gives: "class:connection" },
    frame: { gives: "class:frame" },
    w3cwebsocket: { gives: "class:w3cwebsocket" },
    ...same("deprecation version"),
  },
  types: {
    ...same("IStringified IConfig IServerConfig IClientConfig ICookie IUtf8Message IBinaryMessage Message"),
    ...same("IBufferList IRouterConfig IRouterHandler ICloseEvent IMessageEvent"),
    IExtension: { note: "has `params`, a list of { name, value }; the community's type had a `value`" },
    IRouterRequest: {
      gives: "router request",
      note: "accept() has no subprotocol argument; the community's type had one",
    },
  },
  kinds: {
    server: {
      options: "server",
      members: {
        config: {},
        connections: { gives: "connection[]" },
        pendingRequests: { gives: "request[]" },
        mount: { options: "server" },
        ...same("unmount closeAllConnections shutDown broadcast broadcastUTF broadcastBytes"),
        handleUpgrade: { note: "bytes that came with the handshake are the first frames; they were lost" },
        ...noted("handleRequestAccepted handleConnectionClose handleRequestResolved", INSIDE),
      },
      events: {
        request: { calls: ["request"] },
        connect: { calls: ["connection"] },
        close: { calls: ["connection"], note: "an empty Close frame is 1005; it was 1006" },
        upgradeError: {},
      },
    },
    client: {
      options: "client",
      members: {
        connect: { note: "a WHATWG URL object keeps its path, an IPv6 host its brackets; both lost them" },
        ...same("abort config socket response url protocols origin secure protocol"),
        ...noted("validateHandshake failHandshake succeedHandshake", INSIDE),
      },
      events: {
        connect: { calls: ["connection"] },
        connectFailed: { note: "the socket is closed too; it stayed open as long as the server liked" },
        httpResponse: { calls: ["", "client"] },
      },
    },
    router: {
      options: "router",
      members: {
        attachServer: {},
        detachServer: {},
        mount: { calls: ["router request"] },
        unmount: { note: "a route without subprotocol can be unmounted with null; that was impossible" },
        ...same("handlers config"),
        ...noted("findHandlerIndex pathToRegExp handleRequest", INSIDE),
      },
      events: {},
    },
    request: {
      members: {
        ...same("socket httpRequest serverConfig resource resourceURL host key webSocketVersion origin"),
        ...same("requestedProtocols protocolFullCaseMap requestedExtensions remoteAddress remoteAddresses"),
        websocketVersion: { note: VERSION_ALIAS },
        cookies: { note: COOKIES },
        accept: {
          returns: "connection",
          note: "takes the subprotocol in any case, as documented (lower case alone was accepted); cookies given are not changed",
        },
        reject: { note: "an unknown status code gets a reason phrase; the line said `undefined`" },
        readHandshake: { note: "the constructor may have read the handshake already; calling it again does no harm" },
        ...noted("parseExtensions parseCookies", INSIDE),
      },
      events: {
        requestAccepted: { calls: ["connection"] },
        requestRejected: { calls: ["request"] },
        requestResolved: { calls: ["request"] },
      },
    },
    "router request": {
      members: {
        webSocketRequest: { gives: "request" },
        ...same("protocol origin resource resourceURL httpRequest remoteAddress webSocketVersion requestedExtensions"),
        cookies: { note: COOKIES },
        accept: { returns: "connection" },
        reject: { note: "an unknown status code gets a reason phrase; the line said `undefined`" },
      },
      events: { requestAccepted: { calls: ["connection"] }, requestRejected: { calls: ["router request"] } },
    },
    connection: {
      members: {
        ...same("socket config protocol extensions remoteAddress remoteAddresses webSocketVersion connected"),
        ...same("closeReasonCode closeDescription closeEventEmitted state outputBufferFull inputPaused"),
        ...same("waitingForCloseResponse maskOutgoingPackets socketHadError closeTimeout assembleFragments"),
        ...same("maxReceivedMessageSize pause resume drop pong sendFrame fragmentAndSend sendCloseFrame"),
        websocketVersion: { note: VERSION_ALIAS },
        close: { note: "when closeTimeout is over the socket is destroyed; a silent peer kept it for ever" },
        send: { note: `a Uint8Array goes out as binary, it went as a text such as 1,2; ${AFTER_CLOSE}` },
        ...noted("sendUTF sendBytes", AFTER_CLOSE),
        ping: { note: "a longer payload is cut to 125 bytes; it was cut to 124" },
        ...noted("maskBytes frameHeader bufferList currentFrame frameQueue fragmentationSize", INSIDE),
        ...noted("receivedEnd bytesWaitingToFlush setKeepaliveTimer clearKeepaliveTimer", INSIDE),
        ...noted("handleKeepaliveTimer setGracePeriodTimer clearGracePeriodTimer handleGracePeriodTimer", INSIDE),
        ...noted("handleSocketData processReceivedData handleSocketError handleSocketEnd", INSIDE),
        ...noted("handleSocketClose handleSocketDrain handleSocketPause handleSocketResume setCloseTimer", INSIDE),
        ...noted("clearCloseTimer handleCloseTimer processFrame", INSIDE),
      },
      statics: {
        ...same("CLOSE_REASON_NORMAL CLOSE_REASON_GOING_AWAY CLOSE_REASON_PROTOCOL_ERROR"),
        ...same("CLOSE_REASON_UNPROCESSABLE_INPUT CLOSE_REASON_RESERVED CLOSE_REASON_NOT_PROVIDED"),
        ...same("CLOSE_REASON_ABNORMAL CLOSE_REASON_INVALID_DATA CLOSE_REASON_POLICY_VIOLATION"),
        ...same("CLOSE_REASON_MESSAGE_TOO_BIG CLOSE_REASON_EXTENSION_REQUIRED CLOSE_REASON_INTERNAL_SERVER_ERROR"),
        ...same("CLOSE_REASON_TLS_HANDSHAKE_FAILED CLOSE_DESCRIPTIONS"),
      },
      events: {
        ...same("message ping pong error drain pause resume"),
        frame: { calls: ["frame"] },
        close: {
          note: "an empty Close frame is 1005 and a reason of one byte arrives; it was 1006 and the standard text",
        },
      },
    },
    frame: {
      members: {
        ...same("fin rsv1 rsv2 rsv3 mask opcode length binaryPayload closeStatus protocolError frameTooLarge"),
        ...same("invalidCloseFrameLength dropReason maxReceivedFrameSize config toBuffer toString"),
        ...noted("addData throwAwayPayload parseState maskBytes frameHeader", INSIDE),
      },
      events: {},
    },
    w3cwebsocket: {
      options: "client",
      optionsAt: 5,
      members: {
        ...same("url readyState bufferedAmount binaryType onopen onerror CONNECTING OPEN CLOSING CLOSED"),
        ...same("addEventListener removeEventListener dispatchEvent"),
        protocol: { note: "is '' where there is none; it was undefined" },
        extensions: { note: "is always ''; it was [] once open" },
        send: { note: "a DataView's bytes are sent; the message was empty" },
        close: { note: "an illegal code leaves readyState as it was; it stayed CLOSING" },
        onmessage: { note: "an empty text message is an event too; it was none" },
        onclose: { note: "wasClean is true after every closing handshake; it was for 1000 alone" },
      },
      statics: same("CONNECTING OPEN CLOSING CLOSED"),
      events: {
        ...same("open error"),
        message: { note: "an empty text message is an event too; it was none" },
        close: { note: "wasClean is true after every closing handshake; it was for 1000 alone" },
      },
    },
  },
  options: {
    server: {
      ...shared,
      ...same("httpServer ignoreXForwardedFor parseExtensions"),
      autoAcceptConnections: { note: "an illegal subprotocol name is answered with 400; it ended the process" },
      parseCookies: { note: COOKIES },
    },
    client: {
      ...shared,
      webSocketVersion: {},
      websocketVersion: { note: VERSION_ALIAS },
      tlsOptions: { note: "stays in the object that is given; it was deleted from it" },
    },
    router: same("server"),
  },
  paths: {
    index: { gives: "module" },
    "lib/websocket": { gives: "module" },
    "lib/WebSocketServer": { gives: "class:server" },
    "lib/WebSocketClient": { gives: "class:client" },
    "lib/WebSocketRouter": { gives: "class:router" },
    "lib/WebSocketRouterRequest": {},
    "lib/WebSocketRequest": { gives: "class:request" },
    "lib/WebSocketConnection": { gives: "class:connection" },
    "lib/WebSocketFrame": { gives: "class:frame" },
    "lib/W3CWebSocket": { gives: "class:w3cwebsocket" },
    ...same("lib/Deprecation lib/browser lib/version package.json"),
    "lib/utils": { note: INSIDE },
  },
};
