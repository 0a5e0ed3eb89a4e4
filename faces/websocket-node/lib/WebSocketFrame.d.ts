import { frame } from "../index";

export = frame;
