import { version } from "../index";

export = version;
