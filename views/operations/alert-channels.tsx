import type { Child } from "hono/jsx";
import type { DeliveryRow } from "../../db/queries/operations/read-alerts.ts";
import { Empty, Section, TableScroll } from "../components.tsx";
import { channelLabels, Standing } from "./alert-deliveries.tsx";

/** A channel as pages show it: never with its secrets. */
export type ChannelView = { name: string; target: string; lastTest: DeliveryRow | null };

const Channel = ({ channel, now }: { channel: ChannelView; now: Date }) => {
  const label = channelLabels[channel.name] ?? channel.name;
  return (
    <tr>
      <th scope="row">{label}</th>
      <td class="acts">
        <form method="post" action="/alerts/test">
          <input type="hidden" name="channel" value={channel.name} />
          <button type="submit" class="button small">
            Send a test<span class="visually-hidden"> to {label}</span>
          </button>
        </form>
      </td>
      <td class="channel-test">
        {channel.lastTest === null ? (
          <span class="note">never tested</span>
        ) : (
          <div role="status">
            <p class="where">
              <Standing delivery={channel.lastTest} now={now} />
            </p>
            {channel.lastTest.error && <p class="field-error">{channel.lastTest.error}</p>}
          </div>
        )}
      </td>
      <td class="break channel-target">{channel.target}</td>
    </tr>
  );
};

const setUp: [string, Child][] = [
  [
    "Webhook",
    <>
      <code>ALERT_WEBHOOK_URL</code>, such as a Slack incoming webhook
    </>,
  ],
  [
    "E-mail",
    <>
      <code>SMTP_URL</code>, <code>ALERT_EMAIL_FROM</code> and <code>ALERT_EMAIL_TO</code>
    </>,
  ],
];

type ChannelsProps = {
  channels: ChannelView[];
  now: Date;
  /** Whether links in messages lead anywhere. */
  hasPublicUrl: boolean;
};

/** Where alerts go, with a test of each, and what is not configured. */
export const Channels = ({ channels, now, hasPublicUrl }: ChannelsProps) => {
  const names = new Set(channels.map(({ name }) => channelLabels[name]));
  const missing = setUp.filter(([label]) => !names.has(label));
  return (
    <Section id="channels" title="Channels" note="Where alerts go">
      {channels.length > 0 && (
        <TableScroll label="Channels">
          <table>
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">
                  <span class="visually-hidden">Test</span>
                </th>
                <th scope="col">Last test</th>
                <th scope="col">Goes to</th>
              </tr>
            </thead>
            <tbody>
              {channels.map((channel) => (
                <Channel channel={channel} now={now} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
      {missing.length > 0 && (
        <Empty>
          <p>{channels.length === 0 ? "No channel is configured: nobody is told. Set one:" : "Not configured:"}</p>
          <ul class="setup">
            {missing.map(([label, variables]) => (
              <li>
                <b>{label}</b> {variables}
              </li>
            ))}
          </ul>
        </Empty>
      )}
      {channels.length > 0 && !hasPublicUrl && (
        <p class="note after">
          Messages have no links: <code>PUBLIC_URL</code> is not set.
        </p>
      )}
    </Section>
  );
};
