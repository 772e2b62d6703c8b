#!/usr/bin/perl
# Draw captchas with a Perl package that many sites use, for schemes.py.
#
#     perl of_perl.pl PACKAGE DIR COUNT SEED
#
# The package is Debian's libgd-securityimage-perl. Writes the images and a labels.csv.
use strict;
use warnings;
use GD::SecurityImage;

my ($name, $folder, $count, $seed) = @ARGV;
die "no package $name" unless $name eq 'securityimage';
srand $seed;
my @styles = qw(default rect ellipse ec);
open my $labels, '>', "$folder/labels.csv" or die $!;
print $labels "file,label\n";
for my $number (1 .. $count) {
    my $image = GD::SecurityImage->new(
        width => 270, height => 60, lines => 8, ptsize => 22, scramble => 1, rndmax => 6,
        font => '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', bgcolor => '#ffffff',
    );
    my $style = $styles[int rand @styles];
    $image->random->create(ttf => $style, '#222266', '#8888aa')->particle(300, 1);
    my ($data, $type, $text) = $image->out(force => 'png');
    open my $file, '>:raw', "$folder/$number.png" or die $!;
    print $file $data;
    print $labels "$number.png,$text\n";
}
