import { connect } from "polysocket";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);
const options = {
  limits: { maxMessageBytes: 64 << 20 },
  message(connection, message) {
    connection.send(message);
  },
};
await Promise.all(Array.from({ length: Number(count) }, () => connect(url, options)));
ready();
