import { deprecation } from "../index";

export = deprecation;
