import { connection } from "../index";

export = connection;
