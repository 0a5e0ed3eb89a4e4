import { client } from "../index";

export = client;
