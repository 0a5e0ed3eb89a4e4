import { request } from "../index";

export = request;
