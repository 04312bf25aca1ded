import { startChart } from "./chart/chart.ts";

/** Takes the place of the server's drawing once the history is here; until then, and after a failure, that stays. */
const element = document.querySelector<HTMLElement>("#chart");
if (element) void startChart(element);
