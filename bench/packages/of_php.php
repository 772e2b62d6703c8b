<?php
// Draw captchas with PHP packages that many sites use, for schemes.py.
//
//     php of_php.php PACKAGE DIR COUNT SEED
//
// The packages are Debian's: php-gregwar-captcha, which brings faces of its own choice, and
// php-text-captcha. Writes the images and a labels.csv.

[, $name, $folder, $count, $seed] = $argv;
mt_srand(crc32("$seed $name"));

// Five letters and digits on 150x40, waved and crossed by lines, as it draws when nothing is set.
function gregwar(string $file): string
{
    $builder = new Gregwar\Captcha\CaptchaBuilder();
    $builder->build();
    $builder->save($file, 90);
    return $builder->getPhrase();
}

require_once 'Gregwar/Captcha/autoload.php';
$draw = ['gregwar' => 'gregwar'][$name];
$rows = "file,label\n";
for ($number = 1; $number <= (int) $count; $number++) {
    $label = $draw("$folder/$number.jpg");
    $rows .= "$number.jpg,$label\n";
}
file_put_contents("$folder/labels.csv", $rows);
