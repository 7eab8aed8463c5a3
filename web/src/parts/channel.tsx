import type { Channel } from '../api/types.ts';
import {
  Bell,
  Hash,
  type Icon,
  Inbox,
  Mail,
  MessageCircle,
  MessageSquare,
  MessagesSquare,
  Send,
  Users,
  Webhook,
} from './icons.tsx';

const SHOWN: Readonly<Record<Channel, { readonly word: string; readonly Icon: Icon }>> = {
  email: { word: 'Email', Icon: Mail },
  sms: { word: 'SMS', Icon: MessageSquare },
  in_app: { word: 'In-app', Icon: Inbox },
  telegram: { word: 'Telegram', Icon: Send },
  push: { word: 'Push', Icon: Bell },
  slack: { word: 'Slack', Icon: Hash },
  discord: { word: 'Discord', Icon: MessagesSquare },
  teams: { word: 'Teams', Icon: Users },
  whatsapp: { word: 'WhatsApp', Icon: MessageCircle },
  webhook: { word: 'Webhook', Icon: Webhook },
};

export const CHANNELS = Object.keys(SHOWN) as readonly Channel[];

export function channelWord(channel: string): string {
  return isChannel(channel) ? SHOWN[channel].word : channel;
}

export function ChannelIcon({ channel }: { channel: string }) {
  const Icon = isChannel(channel) ? SHOWN[channel].Icon : Hash;
  return <Icon />;
}

export function ChannelName({ channel }: { channel: string }) {
  return (
    <span className="channel">
      <ChannelIcon channel={channel} />
      {channelWord(channel)}
    </span>
  );
}

function isChannel(name: string): name is Channel {
  return Object.hasOwn(SHOWN, name);
}
