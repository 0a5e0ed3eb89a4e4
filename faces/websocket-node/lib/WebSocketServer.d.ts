import { server } from "../index";

export = server;
