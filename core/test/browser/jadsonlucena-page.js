// The front end of the library's documentation, as a page has it
const path = "/chat";
const query = "?token=123";
const webSocket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + path + query);

webSocket.onclose = (e) => console.log("Close", e);
webSocket.onerror = (e) => console.log("Error", e);
webSocket.onopen = () => {
  webSocket.send("Hello World");
};
webSocket.onmessage = (e) => console.log("Message", e);
